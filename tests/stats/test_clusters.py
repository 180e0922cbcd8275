"""Means of clustered and weighted values."""

import numpy as np
import pytest

from evalhub.stats.clusters import clustered_mean, effective_count
from evalhub.stats.distributions import t_cdf, t_quantile

SCORES = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1], dtype=float)
CLUSTERS = np.repeat(np.arange(4), 3)


def test_cr2_of_four_clusters_of_three():
    """Mean 2/3; cluster sums of residuals 1, -2, 0, 1. CR0: sqrt(1 + 4 + 1)/12 = .204124; CR2:
    sqrt((1 + 4 + 1)/(1 - 1/4))/12 = .235702, against .14213 when clusters are ignored."""
    result = clustered_mean(SCORES, CLUSTERS)
    assert result.se == pytest.approx(0.235702, abs=5e-7)
    assert result.df == pytest.approx(3)
    assert clustered_mean(SCORES).se == pytest.approx(0.14213, abs=5e-6)
    assert result.design_effect == pytest.approx((0.235702 / 0.142134) ** 2, rel=1e-4)


def test_students_sleep_data():
    """Hours of extra sleep of ten patients on two drugs: mean 1.58, t(9) 4.0621, p .002833, and
    95% limits .7001 and 2.4599."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    result = clustered_mean(np.array(second) - first)
    assert (result.mean, result.df) == pytest.approx((1.58, 9))
    assert result.mean / result.se == pytest.approx(4.0621, abs=5e-5)
    assert 2 * t_cdf(-result.mean / result.se, 9) == pytest.approx(0.002833, abs=5e-7)
    half = t_quantile(0.975, 9) * result.se
    assert (1.58 - half, 1.58 + half) == pytest.approx((0.7001, 2.4599), abs=5e-5)


def test_lone_items_as_clusters_are_the_paired_t():
    alone = clustered_mean(SCORES, np.arange(12))
    plain = clustered_mean(SCORES)
    assert (alone.se, alone.df) == pytest.approx((plain.se, plain.df))


def test_an_item_of_weight_two_is_not_two_items_but_moves_the_mean_alike():
    weighted = clustered_mean(SCORES, None, np.r_[2.0, np.ones(11)])
    assert weighted.mean == pytest.approx(9 / 13)
    assert weighted.df < 11


def test_the_degrees_of_freedom_match_bell_and_mccaffreys_matrix_form():
    """V = y'Ay under independence; the degrees are tr(A)^2/tr(AA), built here in full."""
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(5), [2, 3, 9, 1, 5])
    weights = rng.uniform(0.5, 2, 20)
    share = weights / weights.sum()
    centre = np.eye(20) - np.outer(np.ones(20), share)
    a = np.zeros((20, 20))
    for c in range(5):
        inside = np.where(clusters == c, share, 0.0) @ centre
        a += np.outer(inside, inside) / (1 - share[clusters == c].sum())
    values = rng.normal(size=20)
    result = clustered_mean(values, clusters, weights)
    assert result.se**2 == pytest.approx(values @ a @ values)
    assert result.df == pytest.approx(np.trace(a) ** 2 / np.trace(a @ a))


def test_one_cluster_has_no_standard_error():
    result = clustered_mean(SCORES, np.zeros(12, dtype=int))
    assert result.df == 0
    assert np.isinf(result.se)


def test_the_effective_count_of_rare_differences_is_their_number():
    d = np.zeros(10_000)
    d[:7] = 1
    assert effective_count(d - d.mean()) == pytest.approx(7, abs=0.05)
    assert effective_count(np.random.default_rng(0).normal(size=30_000)) == pytest.approx(
        10_000, rel=0.03
    )
    assert effective_count(np.zeros(5)) == 0


API_SCORES = {  # elementary, middle and high schools: scores of 2000, and schools there are
    4421: """
        840 516 531 501 720 805 778 731 592 669 497 638 534 705 761 771 751 474 832 559 765 744
        865 782 745 892 619 616 703 509 806 759 740 642 565 726 863 765 893 398 539 776 580 503
        724 476 529 870 746 836 756 423 588 606 632 651 553 676 861 588 597 884 819 542 509 493
        893 709 596 609 671 720 669 650 836 542 578 814 777 719 617 856 723 609 676 668 421 667
        631 845 631 696 714 788 667 568 847 679 477 521
    """,
    1018: """
        496 505 409 609 867 685 647 745 694 676 870 500 679 552 559 650 565 443 774 668 581 878
        753 528 678 535 667 534 648 551 485 765 743 403 695 551 467 669 773 780 693 635 660 733
        657 606 522 601 819 627
    """,
    755: """
        467 522 455 509 681 666 582 641 510 527 681 724 525 712 680 784 743 593 518 770 721 713
        816 641 667 610 618 717 610 868 678 418 712 784 472 764 646 585 556 600 599 706 409 635
        477 710 453 546 646 624
    """,
}
"""The stratified sample `apistrat` of Lumley's R package survey."""


def test_weights_of_lumleys_stratified_sample_of_schools():
    """R's survey has the mean 662.2874 and, by strata, its error 9.5361 (with the correction for a
    finite population 9.4089). The mean is the same; an error that makes no use of the strata is
    larger, here by .6%."""
    samples = {size: np.array(text.split(), dtype=float) for size, text in API_SCORES.items()}
    scores = np.concatenate(list(samples.values()))
    weights = np.concatenate([np.full(len(y), size / len(y)) for size, y in samples.items()])
    stratified = sum(
        (size / weights.sum()) ** 2 * y.var(ddof=1) / len(y) for size, y in samples.items()
    )
    assert stratified**0.5 == pytest.approx(9.5361, abs=1e-4)
    result = clustered_mean(scores, None, weights)
    assert result.mean == pytest.approx(662.2874, abs=1e-4)
    assert result.se == pytest.approx(9.5932, abs=1e-4)


def test_weights_and_clusters_by_hand():
    """Items 1, 0 | 1, 1 | 0, 0 of weights 1, 1 | 2, 2 | 3, 1 in three clusters: W = 10, the mean
    (1 + 4)/10 = .5; residuals' sums .5 − .5 = 0, 1 + 1 = 2, −1.5 − .5 = −2; weights' shares .2, .4,
    .4. CR2: (0 + 4/.6 + 4/.6)/100 = .13333."""
    values = np.array([1.0, 0, 1, 1, 0, 0])
    result = clustered_mean(values, np.repeat(np.arange(3), 2), np.array([1.0, 1, 2, 2, 3, 1]))
    assert result.mean == pytest.approx(0.5)
    assert result.se**2 == pytest.approx(8 / 0.6 / 100)

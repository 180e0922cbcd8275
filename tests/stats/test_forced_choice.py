"""How well features tell which of two things is whose, against what can be worked out."""

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.forced_choice import ENOUGH, ForcedChoice, forced_choice
from evalhub.stats.intervals import clopper_pearson


def of(features: np.ndarray, clusters: np.ndarray | None = None, draws: int = 2047) -> ForcedChoice:
    n, m = features.shape
    alone = np.arange(n) if clusters is None else clusters
    return forced_choice(features.astype(np.int8), np.zeros(m, np.intp), alone, draws=draws)


def test_a_feature_of_one_kind_alone_tells_every_pair() -> None:
    """Of 12 pairs only exchanging none or all tells as many: 1 of 2^11 ways."""
    found = of(np.ones((12, 2)))
    assert (found.right, found.p) == (12, 1 / 2**11)
    assert (found.lower, found.upper) == pytest.approx(clopper_pearson(6, 6))
    assert list(found.clear) == [True, True]


def test_nothing_to_go_by_tells_half() -> None:
    """Ties: a pair told by a coin counts half, and every exchange tells as many."""
    for features in (np.zeros((30, 3)), np.zeros((30, 0))):
        found = of(features)
        assert (found.share, found.p) == (0.5, 1.0)
        assert found.lower < 0.5 < found.upper


def test_the_p_value_counts_what_was_observed_among_the_draws() -> None:
    assert of(np.ones((40, 1)), draws=199).p == 1 / 200


def test_pairs_of_a_cluster_are_one_piece_of_evidence() -> None:
    """Sixty pairs of six clusters: 2^5 ways to exchange them, and limits of no more than six."""
    clusters = np.repeat(np.arange(6), 10)
    found = of(np.ones((60, 1)), clusters)
    assert (found.right, found.clusters, found.p) == (60, 6, 1 / 2**5)
    assert found.lower < clopper_pearson(12, 12)[0]


def test_what_tells_is_marked_and_what_does_not_is_not() -> None:
    rng = np.random.default_rng(4)
    noise = rng.integers(-1, 2, (200, 50))
    telling = np.where(rng.random((200, 1)) < 0.8, 1, -1)
    found = of(np.hstack([noise, telling]))
    assert found.share == pytest.approx(0.8, abs=0.06)
    assert found.p == 1 / 2048
    assert found.clear[-1]
    assert found.clear[:-1].sum() <= 2


def test_the_order_of_the_two_kinds_does_not_matter() -> None:
    rng = np.random.default_rng(9)
    features = np.where(rng.random((60, 8)) < 0.6, 1, -1)
    one, other = of(features), of(-features)
    assert (one.right, one.p, one.lower) == (other.right, other.p, other.lower)


def test_draws_end_once_enough_reach_what_was_observed() -> None:
    """The p-value of a draw that ends is a whole share of those seen (Besag and Clifford)."""
    found = of(np.where(np.random.default_rng(2).random((60, 4)) < 0.5, 1, -1))
    assert (ENOUGH / found.p) % 1 == pytest.approx(0, abs=1e-6)


def test_no_difference_is_seldom_taken_for_one() -> None:
    """2% of 200 at .02 or less, with its Monte Carlo error: 11 or fewer have a chance of .999."""
    rng = np.random.default_rng(17)
    hits = 0
    for _ in range(200):
        features = rng.integers(-1, 2, (24, 12))
        hits += of(features, draws=199).p <= 0.02
    assert hits <= 11


def test_fewer_than_two_clusters_are_refused() -> None:
    with pytest.raises(StatisticsError, match="two clusters"):
        of(np.ones((5, 1)), np.zeros(5, np.intp))
    with pytest.raises(StatisticsError, match="a block a feature"):
        forced_choice(np.ones((5, 1), np.int8), np.zeros(2, np.intp), np.arange(5))

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

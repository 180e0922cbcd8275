"""Student's t with skewness taken in."""

import math

import numpy as np
import pytest

from evalhub.stats.clusters import clustered_mean
from evalhub.stats.distributions import normal_cdf, t_cdf, t_quantile
from evalhub.stats.skew import SkewedMean, errors_to_end, skewed_mean


def leaning(skew: float, *, doubt: float = 0.0, df: float = math.inf) -> SkewedMean:
    return SkewedMean(0.0, 1.0, df, skew, doubt, clustered=False)


@pytest.mark.parametrize("x", [-2.5, -1.0, 0.0, 1.5])
def test_the_transform_takes_away_what_skewness_adds_to_the_distribution(x: float) -> None:
    """The studentised mean of a sample with skewness γ is below x with a chance of Φ(x) +
    γ(2x² + 1)φ(x)/(6√n) but for terms in 1/n (Hall 1992, The Bootstrap and Edgeworth Expansion,
    2.6): the p-value's derivative by γ/√n, of which 1.5 are reckoned with, must be that."""
    step = 1e-6
    rise = (leaning(step).p_below(-x) - normal_cdf(x)) / (1.5 * step)
    density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    assert rise == pytest.approx((2 * x * x + 1) * density / 6, abs=1e-4)


@pytest.mark.parametrize("skew", [-0.3, -0.05, 0.0, 0.05, 0.3])
def test_an_end_solves_halls_cubic_and_is_no_nearer_than_students(skew: float) -> None:
    found = SkewedMean(2.0, 0.1, 30.0, skew, 0.04, clustered=False)
    t = t_quantile(0.975, 30.0)
    for side, end in ((1, found.upper(0.025)), (-1, found.lower(0.025))):
        g = max(side * skew, 1.5 * side * skew) + 0.02
        roots = np.roots([g * g / 27, g / 3, 1.0, g / 6 + t])
        (real,) = roots[np.abs(roots.imag) < 1e-9].real
        assert side * (end - 2.0) / 0.1 == pytest.approx(max(-real, t), abs=1e-7)
        p = found.p_below(end) if side == 1 else found.p_above(end)
        assert p == pytest.approx(0.025, abs=1e-9)


def test_clusters_take_half_the_degrees_and_twice_the_doubt() -> None:
    rng = np.random.default_rng(0)
    found = clustered_mean(rng.normal(size=100), np.arange(100) // 5)
    alone, together = (skewed_mean(found, clustered=each) for each in (False, True))
    assert (alone.corrected_df, together.corrected_df) == pytest.approx((19, 9.5))
    assert together.upper(0.025) > alone.upper(0.025) > found.mean


def test_skewness_is_that_of_the_sums_and_its_doubt_that_of_their_weights() -> None:
    """Residuals −1, −1, −1, 3: Σr³/(Σr²)^1.5 = 24/12^1.5 = .57735; doubt √6/4. Over two clusters
    of 1 and 3 items the weights' is √(6 (1 + 3⁶)/(1 + 3²)³)."""
    plain = clustered_mean(np.array([0.0, 0.0, 0.0, 4.0]))
    assert plain.skew == pytest.approx(0.57735, abs=5e-6)
    assert plain.skew_doubt == pytest.approx(math.sqrt(6) / 4)
    uneven = clustered_mean(np.array([0.0, 1.0, 0.5, 4.0]), np.array([0, 1, 1, 1]))
    assert uneven.skew_doubt == pytest.approx(math.sqrt(6 * (1 + 3**6) / 10**3))


def test_a_plan_reckons_with_the_end_of_a_sample_that_leans_to_neither_side() -> None:
    assert errors_to_end(1e9) == pytest.approx(1.959964, abs=1e-5)
    ends = [errors_to_end(units, clustered=True) for units in (10, 20, 40, 100, 1000)]
    assert ends == sorted(ends, reverse=True)
    assert errors_to_end(20) < errors_to_end(20, clustered=True)


def test_without_spread_the_mean_is_the_end() -> None:
    still = SkewedMean(0.1, 0.0, 9.0, 0.0, 0.0, clustered=False)
    assert (still.lower(0.025), still.upper(0.025)) == (0.1, 0.1)
    assert (still.p_below(0.2), still.p_above(0.2)) == (0.0, 1.0)
    assert t_cdf(0.0, 9.0) == 0.5

"""Estimates of what was selected for being good."""

import math

import numpy as np
import pytest

from evalhub.stats.distributions import log_normal_cdf, normal_cdf
from evalhub.stats.errors import StatisticsError
from evalhub.stats.selected import p_same_effect, selected_estimate

TRUTHS = (-0.5, 0.0, 1.0, 2.0, 4.0)
CUT = 1.96


def test_a_value_one_error_above_its_cut() -> None:
    """x = 1, c = 0, s = 1: Φ(θ − 1) = ½Φ(θ). By the table of Φ: at θ = .685 the sides are .3764 and
    ½·.7533 = .3767, at .687 .3771 and ½·.7540 = .3770."""
    assert selected_estimate(1, 1, cut=0).estimate == pytest.approx(0.686, abs=1e-3)


def test_just_above_the_cut_the_tail_is_exponential() -> None:
    """Far below the cut the tail falls like exp(−(x − c)(c − θ)/s²), so that with a chance of ½
    θ ≈ c − s²·ln 2/(x − c): x = .01 above it, θ ≈ −69.3."""
    assert selected_estimate(0.01, 1, cut=0).estimate == pytest.approx(
        -math.log(2) / 0.01, rel=0.01
    )


def test_far_above_the_cut_nothing_is_corrected() -> None:
    corrected = selected_estimate(0.9, 0.1, cut=-0.5)
    assert corrected.estimate == pytest.approx(0.9)
    assert (corrected.lower, corrected.upper) == pytest.approx((0.704004, 1.095996))


def test_so_near_to_the_cut_that_it_says_nothing() -> None:
    corrected = selected_estimate(1e-7, 1, cut=0)
    assert corrected.lower is corrected.estimate is None
    assert corrected.upper is not None


def test_the_estimate_follows_the_scale() -> None:
    one, ten = selected_estimate(1, 0.5, cut=0.7), selected_estimate(10, 5, cut=7)
    assert one.estimate is not None
    assert ten.estimate == pytest.approx(10 * one.estimate)


@pytest.mark.parametrize(
    ("value", "se", "cut"), [(1, 0, 0), (1, -1, 0), (math.nan, 1, 0), (1, math.inf, 0), (0, 1, 0)]
)
def test_what_is_no_selected_estimate_is_refused(value: float, se: float, cut: float) -> None:
    with pytest.raises(StatisticsError):
        selected_estimate(value, se, cut=cut)


def selected_draws(truth: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Estimates of `truth` with a standard error of 1 that passed the cut."""
    draws = np.empty(0)
    while len(draws) < count:
        batch = rng.normal(truth, 1, 200_000)
        draws = np.concatenate([draws, batch[batch > CUT]])
    return draws[:count]


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_naive_estimate_is_too_high_and_the_corrected_one_is_not(truth: float) -> None:
    """Of 1,000 estimates that passed, the corrected one is too high in half, and its 95% limits
    hold in 95%: within 4 binomial errors. The naive one is too high in all whose truth lies below
    the cut."""
    values = selected_draws(truth, 1000, np.random.default_rng(27))
    corrected = [selected_estimate(value, 1, cut=CUT) for value in values]
    too_high = np.mean([_or_less(each.estimate) > truth for each in corrected])
    assert abs(too_high - 0.5) < 4 * math.sqrt(0.25 / 1000)
    covered = np.mean([_or_less(each.lower) < truth < _or_less(each.upper) for each in corrected])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 1000)
    naive = np.mean(values > truth)
    assert naive == 1 if truth < CUT else naive > 0.5


def _or_less(value: float | None) -> float:
    return -math.inf if value is None else value


def test_without_a_cut_it_is_the_z_test_of_the_difference() -> None:
    z = (0.3 - 0.1) / math.hypot(0.06, 0.08)
    assert p_same_effect(0.3, 0.06, 0.1, 0.08) == pytest.approx(2 * normal_cdf(-z))


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("other_se", [0.5, 2.0])
def test_equal_effects_differ_in_one_of_twenty(truth: float, other_se: float) -> None:
    """At p < .05, of 2,000 pairs whose first was selected: within 4 binomial errors. By the z-test
    selection alone makes far more of them differ where the truth lies below the cut."""
    rng = np.random.default_rng(28)
    values = selected_draws(truth, 2000, rng)
    others = rng.normal(truth, other_se, len(values))
    pairs = list(zip(values, others, strict=True))
    differ = np.mean([p_same_effect(x, 1, y, other_se, cut=CUT) < 0.05 for x, y in pairs])
    assert abs(differ - 0.05) < 4 * math.sqrt(0.05 * 0.95 / 2000)
    if truth <= 0 and other_se < 1:
        naive = np.mean([p_same_effect(x, 1, y, other_se) < 0.05 for x, y in pairs])
        assert naive > 0.2


def test_the_log_of_the_normal_distribution_reaches_far() -> None:
    assert log_normal_cdf(0) == pytest.approx(math.log(0.5))
    assert log_normal_cdf(-50) == pytest.approx(-1250 - math.log(50 * math.sqrt(2 * math.pi)), 1e-5)

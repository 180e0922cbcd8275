"""Limits that hold at every look, beside the authors' own programs and other tools' tests."""

import math

import pytest

from evalhub.stats.confidence_sequences import (
    one_sided_always_valid_p,
    one_sided_half_width,
    one_sided_rho,
    tuned_rho,
)
from evalhub.stats.errors import StatisticsError

RHO = tuned_rho(5000, 0.05)


def half_width(se: float, t: float, *, rho: float, alpha: float) -> float:
    """Of the two-sided limits, which have ln(√(tρ² + 1)/α) where one-sided ones at another level
    have ln(1 + √(tρ² + 1)/(2α))."""
    root = math.sqrt(t * rho**2 + 1)
    return one_sided_half_width(se, t, rho=rho, alpha=root / (2 * (root / alpha - 1)))


def always_valid_p(z: float, t: float, *, rho: float) -> float:
    """Two-sided: √(tρ² + 1) over what the one-sided p-value has as 1 + √(tρ² + 1)/(2p)."""
    root = math.sqrt(t * rho**2 + 1)
    return root / (1 + root / (2 * one_sided_always_valid_p(z, t, rho=rho)))


@pytest.mark.parametrize(("t", "width"), [(1000, 0.106375), (5000, 0.0429243), (20_000, 0.022112)])
def test_the_authors_own_widths(t, width):
    """`std_conjmix_margin` of Waudby-Smith's R package, σ = 1, tuned to 5,000 at .05."""
    assert pytest.approx(0.0398401, abs=5e-8) == RHO
    assert half_width(1 / math.sqrt(t), t, rho=RHO, alpha=0.05) == pytest.approx(width, rel=5e-6)


@pytest.mark.parametrize("t", [50, 5000, 123_456])
def test_one_boundary_has_four_names(t):
    """GAVI's formula with ρ = 1/ρ², and mSPRT's with the mixing variance τ² = σ²/ρ (Eppo's,
    Optimizely's); σ = 2."""
    sigma, alpha, gavi = 2.0, 0.05, 1 / RHO**2
    ours = half_width(sigma / math.sqrt(t), t, rho=RHO, alpha=alpha)
    assert gavi == pytest.approx(630.028, abs=5e-4)
    theirs = math.sqrt((t + gavi) / t**2 * math.log((t + gavi) / (gavi * alpha**2))) * sigma
    assert ours == pytest.approx(theirs, rel=1e-14)
    v, tau = sigma**2 / t, sigma**2 / gavi
    root = math.log(alpha * math.sqrt(v / (v + tau)))
    assert ours == pytest.approx(math.sqrt(v * (v + tau) / tau * (-2 * root)), rel=1e-13)


def moments(total: float, squares: float, n: int) -> tuple[float, float]:
    return total / n, (squares - total * total / n) / (n - 1)


A, B = (1396.87, 52377.9767, 3000), (2422.7, 134698.29, 3461)


def test_growthbooks_relative_limits():
    """Its own tests: sums, sums of squares and users of two arms; the relative difference has the
    variance s²_B/(n_B m_A²) + s²_A m_B²/(n_A m_A⁴)."""
    (a, var_a), (b, var_b) = moments(*A), moments(*B)
    se = math.sqrt(var_b / (B[2] * a**2) + var_a * b**2 / (A[2] * a**4))
    lift, n = b / a - 1, A[2] + B[2]
    assert (lift, se) == pytest.approx((0.50336, 0.33341), abs=5e-6)
    for planned, limits in ((1000, (-0.55844, 1.56516)), (5000, (-0.50972, 1.51644))):
        width = half_width(se, n, rho=tuned_rho(planned, 0.05), alpha=0.05)
        assert (lift - width, lift + width) == pytest.approx(limits, abs=5e-6)


def test_growthbooks_limits_of_proportions():
    a, b = 1396 / 3000, 2422 / 3461
    se = math.sqrt(b * (1 - b) / (3461 * a**2) + a * (1 - a) * b**2 / (3000 * a**4))
    width = half_width(se, 6461, rho=RHO, alpha=0.05)
    limits = (b / a - 1, b / a - 1 - width, b / a - 1 + width)
    assert limits == pytest.approx((0.50386, 0.40098, 0.60675), abs=5e-6)


def test_a_one_sided_limit_is_tuned_at_twice_its_level():
    """GrowthBook's value to twelve digits; tuned at the level itself it would be −.12765."""
    (a, var_a), (b, var_b) = moments(*A), moments(*B)
    se = math.sqrt(var_a / A[2] + var_b / B[2])
    assert (b - a, se) == pytest.approx((0.234377, 0.129831), abs=5e-7)
    for rho, lower in (
        (one_sided_rho(5000, 0.05), -0.126568441728),
        (tuned_rho(5000, 0.05), -0.127653131211),
    ):
        width = one_sided_half_width(se, 6461, rho=rho, alpha=0.05)
        assert b - a - width == pytest.approx(lower, abs=1e-12)


@pytest.mark.parametrize(
    ("z", "t", "p"), [(3, 5000, 0.0549), (3, 20_000, 0.0729), (3.5, 5000, 0.01298)]
)
def test_an_always_valid_p_value(z, t, p):
    assert always_valid_p(z, t, rho=RHO) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize("alpha", [0.3, 0.05, 0.025, 1e-4, 1e-12])
@pytest.mark.parametrize("t", [10, 5000, 1e6])
def test_a_p_value_is_the_level_at_which_the_limit_reaches_the_bound(alpha, t):
    width = one_sided_half_width(1.0, t, rho=RHO, alpha=alpha)
    assert one_sided_always_valid_p(width, t, rho=RHO) == pytest.approx(alpha, rel=1e-9)


def test_a_p_value_falls_with_the_distance_and_is_1_on_the_wrong_side():
    p = [one_sided_always_valid_p(z, 5000, rho=RHO) for z in (-3, 0, 1e-200, 1, 2, 4, 8, 30, 99)]
    assert p == sorted(p, reverse=True)
    assert p[:4] == [1.0] * 4
    assert 0 <= p[-1] < p[-2] < 1e-150


@pytest.mark.parametrize(
    ("planned", "alpha", "message"),
    [(0, 0.05, "planned units"), (math.inf, 0.05, "planned units"), (100, 1.0, "both sides")],
)
def test_rho_of_no_plan_is_refused(planned, alpha, message):
    with pytest.raises(StatisticsError, match=message):
        tuned_rho(planned, alpha)
    with pytest.raises(StatisticsError, match="units and rho"):
        one_sided_half_width(1.0, 0, rho=RHO, alpha=0.05)

"""Confidence sequences: limits of a difference that hold at every look together.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, Annals
of Statistics 52:2613), which is also GAVI's and mSPRT's boundary and that of GrowthBook and PostHog
under other names. `t` is how many units were seen so far, `se` the standard error of the difference
by then, so that se·√t is the standard deviation per unit. ρ says at how many units the limits are
narrowest. A one-sided limit has ρ tuned at twice its level.
"""

import math

from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha


def tuned_rho(planned: float, alpha: float) -> float:
    """ρ with which the two-sided limits at `alpha`, both sides together, are narrowest at `planned`
    units: √((−2 ln α + ln(1 − 2 ln α))/planned).

    Raises StatisticsError unless `planned` is positive and alpha lies between 0 and 1.
    """
    if not 0 < planned < math.inf:
        raise StatisticsError(f"the planned units are a number above 0, not {planned}")
    if not 0 < alpha < 1:
        raise StatisticsError(f"alpha of both sides lies between 0 and 1, not {alpha}")
    reach = -2 * math.log(alpha)
    return math.sqrt((reach + math.log(reach + 1)) / planned)


def one_sided_rho(planned: float, alpha: float) -> float:
    """ρ for a one-sided limit at `alpha`: tuned at twice that level."""
    check_alpha(alpha)
    return tuned_rho(planned, 2 * alpha)


def one_sided_half_width(se: float, t: float, *, rho: float, alpha: float) -> float:
    """How far a one-sided limit at `alpha` lies from the difference:
    se·√(2(tρ² + 1)/(tρ²)·ln(1 + √(tρ² + 1)/(2α)))."""
    mass = _mass(t, rho)
    return se * math.sqrt(2 * (mass + 1) / mass * math.log1p(math.sqrt(mass + 1) / (2 * alpha)))


def one_sided_always_valid_p(z: float, t: float, *, rho: float) -> float:
    """One-sided p-value of lying `z` standard errors above a bound: the level at which the
    one-sided limit reaches the bound, √(tρ² + 1)/(2(exp(½z²·tρ²/(tρ² + 1)) − 1)); 1 below it."""
    mass = _mass(t, rho)
    exponent = z * z / 2 * mass / (mass + 1)
    if z <= 0 or exponent == 0:
        return 1.0
    # exp(-e)/(1 - exp(-e)) is 1/(exp(e) - 1), and doesn't overflow
    return min(1.0, math.sqrt(mass + 1) / 2 * math.exp(-exponent) / -math.expm1(-exponent))


def _mass(t: float, rho: float) -> float:
    if not (0 < t < math.inf and 0 < rho < math.inf):
        raise StatisticsError(f"units and rho are numbers above 0, not {t} and {rho}")
    return t * rho * rho

"""Estimates that are known only because they were good enough: the winner's curse, corrected.

What ships has passed its bound. So its estimate X is one of a normal distribution of mean θ and
standard error s of which only what lies above a cut c is ever seen, and it is too high on average.
Given that, P(X ≥ x | X > c) = Φ((θ − x)/s)/Φ((θ − c)/s) is uniform at the true θ, from which follow
an estimate that is too high as often as too low, and an interval that is right (Lee, Sun, Sun and
Taylor 2016, Annals of Statistics 44:907; in genetics Zhong and Prentice 2008, Biostatistics 9:621).
"""

import math
from dataclasses import dataclass

from evalhub.stats.distributions import log_normal_cdf
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA, EVEN

FURTHEST = 1e6
"""Standard errors from the estimate within which a corrected one is looked for."""


@dataclass(frozen=True, slots=True)
class SelectedEstimate:
    """A corrected estimate with its limits.

    Attributes:
        estimate: too high as often as too low, given that it was selected.
        lower, upper: limits that are right given that too.

    Each is None where it lies so near to the cut that nothing is said: more than a million errors
    below the estimate.
    """

    estimate: float | None
    lower: float | None
    upper: float | None


def selected_estimate(
    value: float, se: float, *, cut: float, alpha: float = ALPHA
) -> SelectedEstimate:
    """What an estimate says that was seen because it lies above `cut`.

    Args:
        alpha: one-sided level of each limit.

    Raises StatisticsError unless se is positive and value lies above the cut.
    """
    check_alpha(alpha)
    _check(value, se, cut)
    limits = (_theta(value, se, cut, chance) for chance in (EVEN, alpha, 1 - alpha))
    return SelectedEstimate(*limits)


def p_same_effect(
    value: float, se: float, other: float, other_se: float, *, cut: float | None = None
) -> float:
    """Two-sided p-value of "both estimate the same", where the first was seen because it lies above
    `cut`; None: it would have been seen anyway.

    Given the weighted mean w of both, which is all that they say of a common θ, the first is normal
    around w with the standard deviation τ = s²/√(s² + s'²), and cut off at c: so p is
    2·min(P, 1 − P), P = Φ((w − x)/τ)/Φ((w − c)/τ), whatever θ is (Fithian, Sun and Taylor 2014,
    arXiv:1410.2597). Without a cut it is the z-test of the difference.
    """
    _check(value, se, -math.inf if cut is None else cut)
    _check(other, other_se, -math.inf)
    variance, other_variance = se * se, other_se * other_se
    mean = (value * other_variance + other * variance) / (variance + other_variance)
    tau = variance / math.sqrt(variance + other_variance)
    log_p = log_normal_cdf((mean - value) / tau)
    if cut is not None:
        log_p -= log_normal_cdf((mean - cut) / tau)
    above = math.exp(min(0.0, log_p))
    return min(1.0, 2 * min(above, 1 - above))


def _theta(value: float, se: float, cut: float, chance: float) -> float | None:
    """The mean at which a value so high or higher has this chance, once it lies above the cut."""
    goal = math.log(chance)

    def excess(steps: float) -> float:
        theta = value + steps * se
        above = log_normal_cdf((theta - value) / se) - log_normal_cdf((theta - cut) / se)
        return above - goal

    low, high = -1.0, 10.0
    while excess(low) > 0:
        low *= 2
        if low < -FURTHEST:
            return None
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if excess(middle) > 0 else (middle, high)
    return value + (low + high) / 2 * se


def _check(value: float, se: float, cut: float) -> None:
    if not (math.isfinite(value) and math.isfinite(se) and se > 0):
        raise StatisticsError(f"an estimate and its standard error above 0: {value} and {se}")
    if not value > cut:
        raise StatisticsError(f"{value} doesn't lie above {cut}, and was seen all the same")

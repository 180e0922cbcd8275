"""How much evidence is needed, and what a given amount can show."""

import math

from evalhub.stats.distributions import normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha


def paired_sample_size(
    sd: float,
    gap: float,
    *,
    alpha: float = 0.025,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> int:
    """Items needed to show a difference that lies `gap` away from the bound to be excluded.

    n = (z_{1-alpha} + z_{power})^2 * sd^2 * design_effect / gap^2, `sd` the standard deviation
    of the per-item differences, `alpha` the error rate of one side. Raises StatisticsError
    unless sd is positive, gap not 0, power between alpha and 1, design_effect positive.
    """
    check_alpha(alpha)
    if not alpha < power < 1:
        raise StatisticsError(f"power must lie between alpha and 1, not {power}")
    if not (math.isfinite(sd) and sd > 0):
        raise StatisticsError(f"the standard deviation must be positive, not {sd}")
    if not (math.isfinite(gap) and gap != 0):
        raise StatisticsError("a gap of 0 cannot be shown by any number of items")
    if not (math.isfinite(design_effect) and design_effect > 0):
        raise StatisticsError(f"the design effect must be positive, not {design_effect}")
    z = normal_quantile(1 - alpha) + normal_quantile(power)
    return math.ceil(z * z * sd * sd * design_effect / (gap * gap) - 1e-9)

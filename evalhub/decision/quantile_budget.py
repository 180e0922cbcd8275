"""A budget that is judged at a quantile of the costs, such as the 95th percentile. Pure."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.decision.criterion import Criterion
from evalhub.stats.errors import StatisticsError
from evalhub.stats.quantiles import fewest_items, p_quantile_ratio, ratio_of_quantiles

NO_SHARE = "the baseline's quantile is 0: nothing can be a share of it"

Array = NDArray[np.float64]


def at_quantile(
    criterion: Criterion,
    baseline: Array,
    candidate: Array,
    *,
    quantile: float,
    clusters: Sequence[str] | None,
    weights: ArrayLike | None,
) -> Criterion:
    """The criterion measured at a quantile instead of the means.

    Where too few items give no upper limit, the ratio has none, and the difference reaches to the
    costliest answer seen.
    """
    factor = criterion.factor or 1.0
    try:
        comparison = ratio_of_quantiles(
            baseline,
            candidate,
            quantile=quantile,
            clusters=clusters,
            weights=weights,
            # Of what must stay low the upper end is the one that must pass.
            alpha=criterion.harm_alpha,
            upper_alpha=criterion.alpha,
        )
    except StatisticsError:
        return criterion.model_copy(
            update={"ratio": None, "ratio_lower": None, "ratio_upper": None, "method": NO_SHARE}
        )
    p_value = partial(
        p_quantile_ratio,
        baseline,
        candidate,
        quantile=quantile,
        clusters=clusters,
        weights=weights,
    )
    gap = criterion.kind.gap_to(factor, comparison.baseline)
    less = p_value(bound=1.0, alternative="less")
    greater = p_value(bound=1.0, alternative="greater")
    updated = criterion.model_copy(
        update={
            "baseline": comparison.baseline,
            "candidate": comparison.candidate,
            "difference": comparison.baseline - comparison.candidate,
            "ratio": comparison.ratio,
            "ratio_lower": comparison.lower,
            "ratio_upper": comparison.upper,
            "p_value": min(1.0, 2 * min(less, greater)),
            "p_harm": p_value(bound=factor, alternative="greater"),
            "p_bound": p_value(bound=factor, alternative="less"),
            "test": "the interval's inversion",
            "method": comparison.method,
            "gap": gap,
            "sd": comparison.sd * (gap / math.log(factor) if factor > 1 else comparison.baseline),
            "design_effect": comparison.design_effect,
            "spread": None,
        }
    )
    return updated.model_copy(update=ends(updated, float(candidate.max())))


def ends(criterion: Criterion, costliest: float) -> dict[str, Any]:
    """Ends of the difference of two quantiles, from the ends of their ratio."""
    base, lower, upper = criterion.baseline, criterion.ratio_lower, criterion.ratio_upper
    return {
        "lower": base - (costliest if upper is None else base * upper),
        "upper": base - base * (lower or 0.0),
    }


def fewest(criterion: Criterion) -> int:
    """Items that an interval of the criterion's quantile needs at least; 0 for a mean."""
    if criterion.quantile is None:
        return 0
    return math.ceil(fewest_items(criterion.quantile, criterion.alpha) * criterion.design_effect)

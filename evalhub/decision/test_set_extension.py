"""A criterion on a test set that was extended after a look: all stages combined. Pure.

Each stage is tested on its own items alone and the one-sided p-values are combined by the
inverse-normal method (Lehmacher and Wassmer 1999) with weights that were fixed before any was
seen: each extension counts as if it had been planned to be as large as all that it extends. Its
size may therefore be chosen after a look, and so may whether there is another. The interval's ends
are the differences that the combined test just doesn't rule out. A ratio's stages are combined
likewise, and its interval holds the ratios that the combined test doesn't rule out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.criterion import Criterion
from evalhub.decision.levels import stage_weights
from evalhub.decision.quantile_budget import ends
from evalhub.decision.shares import ratio_limits
from evalhub.decision.wording import COMBINED
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.paired import p_one_sided
from evalhub.stats.quantiles import p_quantile_ratio
from evalhub.stats.ratios import p_contrast, p_ratio_at_least, p_ratio_at_most
from evalhub.stats.sequential import combined_p_value

Array = NDArray[np.float64]

Alternative = Literal["less", "greater"]
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)
# A budget's ratio lies above 0.
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class StageScores:
    """One stage's scores: those of the arm that should be worse and of the one that should be
    better, (n,) or (n, samples), with the items' clusters, weights and bounds where they have
    some, and whether an unseen tail is paid for."""

    worse: Array
    better: Array
    clusters: Sequence[str] | None = None
    weights: Array | None = None
    bounds: tuple[float, float] | None = None
    bounded_tails: bool = False

    def p_value(self, bound: float, alternative: Alternative) -> float:
        return p_one_sided(
            self.worse,
            self.better,
            bound=bound,
            alternative=alternative,
            clusters=self.clusters,
            weights=self.weights,
            bounds=self.bounds,
            bounded_tails=self.bounded_tails,
        )

    def p_ratio(self, criterion: Criterion, ratio: float, alternative: Alternative) -> float:
        """Against a candidate/baseline of at least `ratio` ("less") or at most ("greater"), by the
        test that judges such a requirement; 1 where the stage alone can't tell."""
        arms = (
            (self.worse, self.better) if criterion.higher_is_better else (self.better, self.worse)
        )
        if criterion.kind.by_metric:
            return p_contrast(
                *arms,
                factor=ratio,
                alternative=alternative,
                clusters=self.clusters,
                weights=self.weights,
                bounds=self.bounds,
                exact_at=criterion.factor,
                bounded_tails=self.bounded_tails,
            )
        if arms[0].mean() <= 0:
            return 1.0
        if criterion.quantile is not None:
            return p_quantile_ratio(
                *arms,
                quantile=criterion.quantile,
                bound=max(ratio, _LEAST),
                alternative=alternative,
                clusters=self.clusters,
                weights=self.weights,
            )
        p_value = p_ratio_at_least if alternative == "less" else p_ratio_at_most
        bound = max(ratio, _LEAST)
        return p_value(*arms, bound=bound, clusters=self.clusters, weights=self.weights)


def p_combined(stages: Sequence[StageScores], *, bound: float, alternative: Alternative) -> float:
    """One-sided p-value of all stages: against a difference of at least `bound` ("less") or of
    at most `bound` ("greater")."""
    p_values = [each.p_value(bound, alternative) for each in stages]
    return combined_p_value(p_values, stage_weights(len(stages)))


def combine(pooled: Criterion, stages: Sequence[StageScores]) -> Criterion:
    """The criterion on all items (`pooled`) with bounds and p-values of the stages combined.

    Args:
        pooled: its levels are those of all stages together.
        stages: oldest first, each as it was judged then.
    """
    less, greater = (
        partial(p_combined, stages, alternative=alternative) for alternative in ALTERNATIVES
    )
    reach = _reach(stages)
    lower = _first_kept(lambda bound: greater(bound=bound), reach, pooled.alpha)
    upper = -_first_kept(lambda bound: less(bound=-bound), reach, pooled.harm_alpha)
    sizes = " and ".join(str(len(each.worse)) for each in stages)
    criterion = pooled.model_copy(
        update={
            "lower": min(lower, pooled.difference),
            "upper": max(upper, pooled.difference),
            "p_value": min(1.0, 2 * min(less(bound=0.0), greater(bound=0.0))),
            "p_harm": less(bound=min(pooled.bound or 0.0, 0.0)),
            "p_bound": greater(bound=pooled.bound or 0.0),
            "method": f"{COMBINED} of {sizes} items, of one stage {pooled.method}",
            "test": COMBINED,
        }
    )
    return criterion if pooled.factor is None else _with_ratio(criterion, stages)


def _with_ratio(criterion: Criterion, stages: Sequence[StageScores]) -> Criterion:
    """The criterion with the ratio's interval and p-value of harm, by the stages combined."""
    factor, share = criterion.factor, criterion.ratio
    if factor is None or share is None:
        return criterion.model_copy(update={"p_harm": 1.0, "p_bound": 1.0})

    # Of a ratio that must stay low the upper end is the one that must pass.
    lowest, highest = (criterion.alpha, criterion.harm_alpha)[
        :: 1 if criterion.higher_is_better else -1
    ]

    def p_value(ratio: float, alternative: Alternative) -> float:
        p_values = [each.p_ratio(criterion, ratio, alternative) for each in stages]
        return combined_p_value(p_values, stage_weights(len(stages)))

    def excess(ratio: float, alternative: Alternative) -> float:
        due = lowest if alternative == "greater" else highest
        return normal_quantile(due) - _z(p_value(ratio, alternative))

    lower, upper = ratio_limits(
        partial(excess, alternative="greater"),
        partial(excess, alternative="less"),
        share=share,
        factor=factor,
    )
    worse, better = ALTERNATIVES
    if not criterion.higher_is_better:
        worse, better = better, worse
    updated = criterion.model_copy(
        update={
            "ratio_lower": min(lower, share),
            "ratio_upper": None if upper is None else max(upper, share),
            "p_harm": p_value(factor, worse),
            "p_bound": p_value(factor, better),
        }
    )
    if criterion.quantile is None:
        return updated
    costliest = max(float(each.worse.max()) for each in stages)
    return updated.model_copy(update=ends(updated, costliest))


def _z(p_value: float) -> float:
    return normal_quantile(min(max(p_value, 1e-300), 1 - 1e-16))


def _reach(stages: Sequence[StageScores]) -> float:
    """The largest possible difference: the width of the metric's scale, or of [0, 1] and all
    scores."""
    if (bounds := stages[0].bounds) is not None:
        return bounds[1] - bounds[0]
    scores = np.concatenate([part.ravel() for each in stages for part in (each.worse, each.better)])
    return float(max(scores.max(), 1.0) - min(scores.min(), 0.0))


def _first_kept(p_value: Callable[[float], float], reach: float, alpha: float) -> float:
    """The bound at which an increasing p-value passes alpha; in units of z it is almost linear."""

    from scipy.optimize import brentq  # loading it takes longer than most commands

    def beyond(bound: float) -> float:
        return _z(p_value(bound)) - due

    due = normal_quantile(alpha)
    if beyond(-reach) >= 0:
        return -reach
    if beyond(reach) <= 0:
        return reach
    return float(brentq(beyond, -reach, reach, xtol=1e-12))

"""A criterion whose items were added to after a first look: both stages combined. Pure.

Each stage is tested on its own items alone and the two one-sided p-values are combined by the
inverse-normal method (Lehmacher and Wassmer 1999) with weights that were fixed before either was
seen: alike, as if the extension had been planned to be as large as what it extends. Its size may
therefore be chosen after the first look. The interval's ends are the differences that the combined
test just doesn't rule out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.gate.criteria import Criterion
from evalhub.gate.levels import STAGES
from evalhub.stats.paired import p_one_sided
from evalhub.stats.sequential import combined_p_value

Array = NDArray[np.float64]

_BISECTIONS = 40


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage's scores: those of the arm that should be worse and of the one that should be
    better, (n,) or (n, samples), with the items' clusters and weights where they have some."""

    worse: Array
    better: Array
    clusters: Sequence[str] | None = None
    weights: Array | None = None

    def p_value(self, bound: float, alternative: Literal["less", "greater"]) -> float:
        return p_one_sided(
            self.worse,
            self.better,
            bound=bound,
            alternative=alternative,
            clusters=self.clusters,
            weights=self.weights,
        )


def combined(pooled: Criterion, stages: Sequence[Stage], *, alpha: float) -> Criterion:
    """`pooled`, measured on all items at once, with bounds and p-values of the stages combined.

    Args:
        stages: two; stage one as it was judged then.
        alpha: one-sided level of both together.
    """

    def p(bound: float, alternative: Literal["less", "greater"]) -> float:
        return combined_p_value([each.p_value(bound, alternative) for each in stages], STAGES)

    reach = _reach(stages)
    lower = _last(-reach, reach, lambda bound: p(bound, "greater") <= alpha)
    upper = -_last(-reach, reach, lambda bound: p(-bound, "less") <= alpha)
    sizes = " and ".join(str(len(each.worse)) for each in stages)
    return replace(
        pooled,
        lower=min(lower, pooled.difference),
        upper=max(upper, pooled.difference),
        level=1 - 2 * alpha,
        p_value=min(1.0, 2 * min(p(0.0, "less"), p(0.0, "greater"))),
        p_harm=p(min(pooled.requirement.bound, 0.0), "less"),
        method=f"inverse-normal combination of {sizes} items, of one stage {pooled.method}",
        test="inverse-normal combination",
    )


def _reach(stages: Sequence[Stage]) -> float:
    """No difference is larger: the width of the scale, which is [0, 1] or holds all scores."""
    scores = np.concatenate([part.ravel() for each in stages for part in (each.worse, each.better)])
    return float(max(scores.max(), 1.0) - min(scores.min(), 0.0))


def _last(low: float, high: float, ruled_out: Callable[[float], bool]) -> float:
    """The last value from `low` that is ruled out, by bisection; `low` where none is."""
    if not ruled_out(low):
        return low
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if ruled_out(middle) else (low, middle)
    return low

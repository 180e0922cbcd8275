"""An open criterion whose interval excludes the plan's assumption: what is shown, what would be.
Pure."""

from math import log

from evalhub.decision.criteria.base import loss_words
from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import (
    figure,
    loss_shown,
)


def excludes_assumption(criterion: Criterion) -> bool:
    """Whether the interval excludes what the plan assumed: no loss, no higher cost, or the planned
    gain."""
    c = criterion
    if not c.kind.plans_gain:
        return loss_shown(c)
    return c.upper < (c.bound or 0.0) + c.gap


def distance_seen(criterion: Criterion) -> float:
    """Distance from the observed effect to the bound, in the unit of `gap`; above 0 on the passing
    side. For a budget at a quantile the gap is planned on the log scale, and so is this."""
    c = criterion
    if c.factor is None:
        return _distance(c.difference, c.bound or 0.0)
    if c.quantile is not None and c.ratio:
        unit = c.gap / log(c.factor) if c.factor > 1 else c.baseline
        return unit * _distance(log(c.factor), log(c.ratio))
    apart = _distance(c.candidate, c.factor * c.baseline)
    return apart if c.higher_is_better else -apart


def _distance(value: float, bound: float) -> float:
    """`value` − `bound`; 0 where it is only rounding error."""
    apart = value - bound
    return apart if abs(apart) > 1e-9 * max(abs(value), abs(bound)) else 0.0


def partly_shown(criterion: Criterion) -> str:
    """What the interval of an open criterion shows all the same, as the start of a sentence; "" for
    nothing."""
    c = criterion
    if text := c.kind.partly_shown(c):
        return text
    if c.kind.must_gain and excludes_assumption(c):
        return f"the interval leaves out that {c.kind.assumption(c)}, so plan a smaller gain: "
    return ""


def no_loss_to_show(criterion: Criterion) -> str:
    """Why a guard can't show a loss on these items, or no greater loss than it shows now."""
    c, better_ones = criterion, "add items on which it does better"
    baseline = f"the baseline's {figure(c.baseline)} is no further from the worst score"
    if loss_shown(c):
        return (
            f"{loss_words(c)} is shown, but on these items it can't be beyond "
            f"{c.kind.bearable(c)}: {baseline}; {better_ones}"
        )
    return f"can't show a loss: {baseline} than {c.kind.bearable(c)}; {better_ones}"

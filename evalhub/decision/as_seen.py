"""An open criterion whose interval excludes the plan's assumption: what is shown, what would be.
Pure."""

from math import log

from evalhub.decision.wording import (
    better,
    figure,
    limit,
    loss_limit,
    loss_shown,
    percent,
    plain,
    with_sign,
    worse,
)
from evalhub.declare.criteria import Criterion


def excludes_assumption(criterion: Criterion) -> bool:
    """Whether the interval excludes what the plan assumed: no loss, no higher cost, or the planned
    gain."""
    c = criterion
    if c.factor is not None or c.role == "guard":
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
    if c.role == "budget" and loss_shown(c):
        return f"a higher cost is shown, but not whether it is over {limit(c)}: "
    if c.may_lose and loss_shown(c):
        return f"{_loss(c)} is shown, but not whether it is beyond {_bearable(c)}: "
    if c.must_gain and excludes_assumption(c):
        return f"the interval leaves out that {assumption_clause(c)}, so plan a smaller gain: "
    return ""


def effect_shown(criterion: Criterion, *, passing: bool) -> str:
    """The effect that so many items would show: that the criterion passes, or that it fails."""
    c = criterion
    if c.role == "budget":
        return f"that it {'stays within' if passing else 'goes over'} {limit(c)}"
    if c.role == "preference":
        return f"a win score {'above' if passing else 'below'} {0.5 + (c.bound or 0.0):.3g}"
    if c.may_lose:
        if c.higher_is_better:
            return (
                f"that less than {loss_limit(c)} is lost"
                if passing
                else f"a loss beyond {loss_limit(c)}"
            )
        return f"{worse(c)}, {'by less than' if passing else 'beyond'} {loss_limit(c)}"
    gain = plain(c.min_gain)
    if c.higher_is_better:
        lacking = "a loss" if not c.min_gain else f"a gain below the {gain} that is asked"
        return f"a gain of more than {gain}" if passing else lacking
    lacking = worse(c) if not c.min_gain else f"{better(c)} by less than the {gain} that is asked"
    return f"{better(c)}, by more than {gain}" if passing else lacking


def assumption_clause(criterion: Criterion) -> str:
    """The true effect that the plan assumes, as a clause."""
    if criterion.role == "guard":
        return "nothing is really lost"
    if criterion.role == "budget":
        return "it really costs no more"
    if criterion.role == "preference":
        return f"its win score is really {0.5 + (criterion.bound or 0.0) + criterion.gap:.3g}"
    more = " more than is asked" if criterion.min_gain else ""
    return f"it really gains {plain(criterion.gap)}{more}"


def observation_clause(criterion: Criterion) -> str:
    """The observed effect taken for the true one, as a clause."""
    c = criterion
    if c.factor is not None:
        return f"it is the {percent(c.ratio)} seen here"
    if c.role == "preference":
        return f"it is the {c.candidate:.3g} seen here"
    amount = with_sign(c.difference)[1:]
    if not c.higher_is_better:
        return f"it is the {amount} {better(c) if c.difference > 0 else worse(c)} seen here"
    kind = "gain of " if c.difference > 0 else "" if c.may_lose else "loss of "
    return f"it is the {kind}{amount} seen here"


def no_loss_to_show(criterion: Criterion) -> str:
    """Why a guard can't show a loss on these items, or no greater loss than it shows now."""
    c, better_ones = criterion, "add items on which it does better"
    baseline = f"the baseline's {figure(c.baseline)} is no further from the worst score"
    if loss_shown(c):
        return (
            f"{_loss(c)} is shown, but on these items it can't be beyond {_bearable(c)}: "
            f"{baseline}; {better_ones}"
        )
    return f"can't show a loss: {baseline} than {_bearable(c)}; {better_ones}"


def _loss(criterion: Criterion) -> str:
    return "a loss" if criterion.higher_is_better else f"that it has {worse(criterion)}"


def _bearable(criterion: Criterion) -> str:
    """The loss that is allowed: "the margin of 0.02", "the 0.02 that may be lost"."""
    if criterion.role == "guard":
        return limit(criterion)
    return f"the {loss_limit(criterion)} that may be lost"

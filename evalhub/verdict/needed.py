"""How many items would settle an open criterion, and in which words. Pure.

A number is planned at the level that will be used. Where a look is extended, the new items are
tested together with what has been seen (evalhub.verdict.test_set_extension), so it is the number
with which that test succeeds given what has been seen: conditional power. Else it is the size of a
fresh test set. What is assumed of the truth is what was planned (nothing is lost, or the planned
gain), never the effect seen, and it stands in the sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from evalhub.schemas.criteria import Criterion, NextLook
from evalhub.schemas.policy import Primaries
from evalhub.schemas.verdicts import Status
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import POWER
from evalhub.verdict.criteria import COMBINED
from evalhub.verdict.quantile_budget import fewest


@dataclass(frozen=True, slots=True)
class Needed:
    """`n` items in all would settle it (None: no number would), and `why` says so."""

    n: int | None
    why: str


def with_needs(
    judged: Sequence[Criterion], blocking: Sequence[bool], primaries: Primaries
) -> list[Criterion]:
    """The same with what each open one needs; primaries of which one is enough are one question."""
    waiting = [each for each, blocks in zip(judged, blocking, strict=True) if blocks]
    rivals = sum(each.role == "primary" for each in waiting)
    spare = max(rivals - 1, 0) if primaries == "any-of" else 0
    questions = max(len(waiting) - spare, 1)
    return [_with_need(each, questions) for each in judged]


def needed_in_all(
    judged: Sequence[Criterion], blocking: Sequence[bool], primaries: Primaries
) -> int | None:
    """Items with which all that a ship waits for would be settled; None where no number would.

    Of primaries of which one is enough the cheapest counts.
    """
    waiting = [each for each, blocks in zip(judged, blocking, strict=True) if blocks]
    rivals = [each for each in waiting if primaries == "any-of" and each.role == "primary"]
    sizes = [each.needed_n for each in waiting if each not in rivals]
    if rivals:
        sizes.append(min((each.needed_n for each in rivals if each.needed_n), default=None))
    known = [size for size in sizes if size is not None]
    return max(known, default=None) if len(known) == len(sizes) else None


def _with_need(criterion: Criterion, questions: int) -> Criterion:
    if criterion.status is not Status.UNDECIDED:
        return criterion.model_copy(update={"needed_n": None, "needed_why": ""})
    plan = criterion.next_look or NextLook(alpha=criterion.alpha)
    found = needed_items(criterion, questions=questions, plan=plan)
    return criterion.model_copy(update={"needed_n": found.n, "needed_why": found.why})


def needed_items(criterion: Criterion, *, questions: int, plan: NextLook) -> Needed:
    """Items in all that would settle a criterion with power 1 − .2/questions.

    n = σ_d²·deff·(z_due + z_power)²/gap², where z_due is what the new items have to show: z of
    the plan's level, and where stage one's z counts (Lehmacher and Wassmer 1999), what that leaves.
    Never fewer than the items at which an interval without a single discordant pair would clear
    the gap (Tango: z²/(n+z²) < gap, where n counts independent items of equal weight).

    Args:
        questions: how many criteria are open; the allowed miss rate is shared out among them.
    """
    if why := _beyond_numbers(criterion):
        return Needed(None, why)
    power = 1 - (1 - POWER) / questions
    due = _due(criterion, plan)
    new = _items(criterion, due, power)
    if new is None:
        return Needed(None, "no number of items can settle this: nothing differed to plan with")
    told = f"would settle it with {power:.0%} power, if {_assumed(criterion)}"
    if plan.weights is None:
        return Needed(new, f"a fresh {_set_of(criterion, new)} {told}")
    return Needed(criterion.n + new, f"{new:,} more items {told}")


def _due(criterion: Criterion, plan: NextLook) -> float:
    """The z that the new items by themselves have to reach."""
    due = -normal_quantile(plan.alpha)
    if plan.weights is None:
        return due
    seen, added = plan.weights
    z = -normal_quantile(min(max(criterion.p_bound or 0.5, 1e-300), 1 - 1e-16))
    return (due * sqrt(seen + added) - z * sqrt(seen)) / sqrt(added)


def _items(criterion: Criterion, due: float, power: float) -> int | None:
    gap, by_variance = criterion.gap, 0
    if criterion.sd > 0:
        z = due + normal_quantile(power)
        variance = criterion.sd**2 * criterion.design_effect
        by_variance = ceil(z * z * variance / gap**2 - 1e-9)
    if criterion.role == "budget":
        return max(by_variance, fewest(criterion)) if by_variance else None
    by_silence = max(due, 0.0) ** 2 * (1 - gap) / gap if gap < 1 else 1.0
    return max(by_variance, ceil(by_silence * _worth(criterion)), 1)


def _worth(criterion: Criterion) -> float:
    """How many items stand for an independent one where no pair is discordant, by the width that
    the interval then has: clusters and weights make them more than one."""
    z_squared = normal_quantile(1 - criterion.alpha) ** 2
    width = criterion.upper - criterion.difference
    silent = not criterion.wins and not criterion.losses and criterion.test != COMBINED
    if not silent or criterion.role == "preference" or not 0 < width < 1:
        return 1.0
    return max(criterion.n * width / (z_squared * (1 - width)), 1.0)


def _beyond_numbers(criterion: Criterion) -> str:
    """Why no number of items can be named; "" where one can."""
    c = criterion
    if c.factor is not None and c.ratio is None:
        return "the baseline's mean isn't above 0, so that nothing can be a share of it"
    planned = c.quantile is not None and c.gap > 0 and c.sd > 0
    if c.role == "budget" and c.ratio_upper is None and not planned:
        if "no interval" in c.method:
            return f"there is {c.method}"
        return "the baseline's mean can't be told from 0"
    if c.gap > 0:
        return ""
    if c.role == "budget":
        return "no saving was planned from which a number of items would follow"
    return "no number of items can settle a margin of 0"


def _assumed(criterion: Criterion) -> str:
    """What the truth is taken to be."""
    if criterion.role == "guard":
        return "nothing is really lost"
    if criterion.role == "budget":
        return "it really costs no more"
    more = " more than is asked" if criterion.min_gain else ""
    return f"it really gains {criterion.gap:g}{more}"


def _set_of(criterion: Criterion, n: int) -> str:
    if criterion.role == "preference":
        return f"review of {n:,} judged pairs"
    return f"test set of {n:,} items"

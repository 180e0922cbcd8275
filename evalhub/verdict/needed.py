"""How many items would settle an open criterion, and in which words. Pure.

A number is planned at the level that will be used. Where a look is extended, the new items are
tested together with what has been seen (evalhub.verdict.test_set_extension), so it is the number
with which that test succeeds given what has been seen: conditional power. Else it is the size of a
fresh test set. What is assumed of the truth is what was planned (nothing is lost, or the planned
gain), never the effect seen, and it stands in the sentence. Where the interval leaves out what
would be assumed (a guard's lies below 0, a primary's below the planned gain), nothing can be
promised, and no number is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

from evalhub.schemas.criteria import Criterion, NextLook
from evalhub.schemas.policy import Primaries
from evalhub.schemas.verdicts import Status
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import POWER
from evalhub.stats.power_people import review_for
from evalhub.stats.power_spread import Leaning, Spread, items_for, power_for
from evalhub.stats.skew import Unevenness, errors_to_end
from evalhub.verdict.quantile_budget import fewest
from evalhub.verdict.wording import counted

NO_NUMBER = "no number of items can settle this"


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


def with_next_looks(
    criteria: Sequence[Criterion], looks: Mapping[str, NextLook], primaries: Primaries
) -> list[Criterion]:
    """The same with how each would be judged with items added, by its test set; primaries of which
    one is enough share the level, as they do now."""
    rivals = sum(each.role == "primary" for each in criteria) if primaries == "any-of" else 1

    def planned(criterion: Criterion) -> NextLook | None:
        look = looks.get(criterion.test_set)
        if look is None or criterion.role != "primary":
            return look
        return look.model_copy(update={"alpha": look.alpha / rivals})

    return [each.model_copy(update={"next_look": planned(each)}) for each in criteria]


def with_choosing(criteria: Sequence[Criterion], choosing: Mapping[str, int]) -> list[Criterion]:
    """The same with how many items of its test set chose the baseline, by a criterion's name."""
    return [
        each.model_copy(update={"chose": choosing[each.name]}) if each.name in choosing else each
        for each in criteria
    ]


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
    if criterion.status is not Status.OPEN:
        return criterion.model_copy(update={"needed_n": None, "needed_why": ""})
    plan = criterion.next_look or NextLook(alpha=criterion.alpha)
    found = needed_items(criterion, questions=questions, plan=plan)
    return criterion.model_copy(update={"needed_n": found.n, "needed_why": found.why})


def needed_items(criterion: Criterion, *, questions: int, plan: NextLook) -> Needed:
    """Items in all that would settle a criterion with power 1 − .2/questions.

    By the spread of the differences and how well it is known (evalhub.stats.power_spread). What
    the new items have to show is the z of the plan's level, or, where stage one's z counts, what
    that leaves: (z_due·√(w₁ + w₂) − z₁·√w₁)/√w₂ (Lehmacher and Wassmer 1999).

    Args:
        questions: how many criteria are open; the allowed miss rate is shared out among them.
    """
    if criterion.role == "judge":
        return Needed(None, "more items that people judge too would tell, or a better judge")
    if criterion.role == "ownership":
        why = "more items tell what requests cost, and narrower assumptions the rest"
        return Needed(None, f"{why}: its cost sheet says on which it hangs")
    if why := _beyond_numbers(criterion) or _ruled_out(criterion):
        return Needed(None, why)
    power = 1 - (1 - POWER) / questions
    shared = f" ({POWER:.0%} for all {questions} that are open)" if questions > 1 else ""
    told = f"would settle it with {power:.0%} power{shared}, if {_assumed(criterion)}"
    if criterion.role == "preference":
        return _needed_judgments(criterion, plan, power, told)
    size = criterion.n / criterion.clusters if criterion.clusters else 1.0
    new = items_for(
        criterion.gap, _spread(criterion), due=_due(criterion, plan), power=power, cluster_size=size
    )
    if new is None:
        return Needed(None, f"{NO_NUMBER}: what is asked lies too near to what is assumed")
    new = max(new, fewest(criterion))
    clusters = ceil(new / size)
    # Of items that are added as many choose the baseline as of those there are.
    new = ceil(new / judged_share(criterion))
    grouped = f" in {ceil(new / size):,} new clusters" if criterion.clusters else ""
    told = f"{grouped}{_choosing(criterion)} {told}"
    if plan.weights is None:
        told = f"a fresh test set of {counted(new, 'item')}{told}"
        return Needed(new, f"{_too_few_clusters(criterion, clusters)}{told}")
    told = f"{counted(new, 'more item')}{told}"
    clusters += criterion.clusters or 0
    there = criterion.n + criterion.chose
    return Needed(there + new, f"{_too_few_clusters(criterion, clusters)}{told}")


def judged_share(criterion: Criterion) -> float:
    """Which share of its test set's items is judged on."""
    return criterion.n / (criterion.n + criterion.chose)


def _choosing(criterion: Criterion) -> str:
    if not criterion.chose:
        return ""
    return f", of which {1 - judged_share(criterion):.0%} choose the baseline and aren't judged,"


def _too_few_clusters(criterion: Criterion, enough: int) -> str:
    """That no result of so few clusters could settle it: even were what is assumed seen exactly,
    the end would lie beyond the bound. "" where one could."""
    if not criterion.clusters:
        return ""
    errors = errors_to_end(criterion.clusters, criterion.alpha, clustered=True)
    if errors * _spread(criterion).sd / sqrt(criterion.n) < criterion.gap:
        return ""
    return f"can't be decided with {criterion.clusters:,} clusters, {enough:,} would do: "


def power_with(criterion: Criterion, n: int) -> float:
    """The power of `n` items in all, with those that choose the baseline, as `needed_n` is planned;
    0 where an extension adds none."""
    plan = criterion.next_look or NextLook(alpha=criterion.alpha)
    added = n if plan.weights is None else n - criterion.n - criterion.chose
    new = int(added * judged_share(criterion))
    if new < 1:
        return 0.0
    return power_for(
        new,
        criterion.gap,
        _spread(criterion),
        due=_due(criterion, plan),
        cluster_size=criterion.n / criterion.clusters if criterion.clusters else 1.0,
    )


def _needed_judgments(criterion: Criterion, plan: NextLook, power: float, told: str) -> Needed:
    """Judged pairs of a fresh review, and by how many people."""
    spread = _spread(criterion)
    per_item = criterion.n / (criterion.clusters or criterion.n)
    found = review_for(
        criterion.gap, spread, due=-normal_quantile(plan.alpha), power=power, per_item=per_item
    )
    there = _people(spread.people.count) if spread.people else "those there are"
    none = f"no number of judged pairs by {there} can settle this"
    if found is None:
        return Needed(None, f"{none}: so few show too little of how far people lean to one arm")
    said = f"a fresh review of {found.judgments:,} judged pairs by {_people(found.people)} {told}"
    return Needed(found.judgments, f"{none}: {said}" if found.only_by_more else said)


def _spread(criterion: Criterion) -> Spread:
    found = criterion.spread
    if found is None:
        sd = criterion.sd * sqrt(criterion.design_effect)
        return Spread(sd, at_bound=sd)
    people = found.people
    return Spread(
        found.sd,
        found.at_bound,
        inf if found.df is None else found.df,
        found.skew,
        None if people is None else Leaning(people.count, people.lean, people.df, people.sd),
        found.worst,
        Unevenness(found.evenness, found.skew_doubt),
    )


def _due(criterion: Criterion, plan: NextLook) -> float:
    """The z that the new items by themselves have to reach."""
    due = -normal_quantile(plan.alpha)
    if plan.weights is None:
        return due
    seen, added = plan.weights
    z = -normal_quantile(min(max(criterion.p_bound or 0.5, 1e-300), 1 - 1e-16))
    return (due * sqrt(seen + added) - z * sqrt(seen)) / sqrt(added)


def _beyond_numbers(criterion: Criterion) -> str:
    """Why no number of items follows from what is asked and what there is; "" where one does."""
    c = criterion
    if c.factor is not None and c.ratio is None:
        return f"{NO_NUMBER}: the baseline's mean isn't above 0, so nothing can be a share of it"
    planned = c.quantile is not None and c.gap > 0 and c.sd > 0
    if c.role == "budget" and c.ratio_upper is None and not planned:
        if "no interval" in c.method:
            return f"there is {c.method}"
        return "the baseline's mean can't be told from 0"
    if c.clusters == 1:
        what = "item" if c.role == "preference" else "cluster"
        return f"{NO_NUMBER} of one {what}, since they count as one observation: add other {what}s"
    if c.gap > 0 and _spread(c).sd > 0:
        return ""
    if c.gap > 0:
        return f"{NO_NUMBER}: every item came out alike, so there is no spread to plan with"
    if c.role == "budget":
        return "no saving was planned from which a number of items would follow"
    if c.role == "guard":
        return f"{NO_NUMBER}: the margin is 0, and nothing shows that no loss is less than that"
    return f"{NO_NUMBER}: no gain was planned"


def _ruled_out(criterion: Criterion) -> str:
    """Why nothing can be promised: the interval leaves out what would be assumed."""
    c = criterion
    if c.factor is not None:
        end = c.ratio_upper if c.higher_is_better else c.ratio_lower
        if end is None or (end >= 1 if c.higher_is_better else end <= 1):
            return ""
        real = "a higher cost" if c.role == "budget" else "a loss"
        return f"{NO_NUMBER}: {real} looks real, since the interval leaves out 100%"
    if c.role == "guard":
        return f"{NO_NUMBER}: a loss looks real, since the interval lies below 0" * (c.upper < 0)
    if c.upper < (c.bound or 0.0) + c.gap:
        return f"{NO_NUMBER}, since the interval leaves out that {_assumed(c)}: plan a smaller gain"
    return ""


def _assumed(criterion: Criterion) -> str:
    """What the truth is taken to be."""
    if criterion.role == "guard":
        return "nothing is really lost"
    if criterion.role == "budget":
        return "it really costs no more"
    if criterion.role == "preference":
        return f"its win score is really {0.5 + (criterion.bound or 0.0) + criterion.gap:.3g}"
    more = " more than is asked" if criterion.min_gain else ""
    return f"it really gains {criterion.gap:g}{more}"


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"

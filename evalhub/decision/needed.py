"""How many items would settle an open criterion, and the sentence on it. Pure.

A number is planned at the level that will be used. Where a look is extended, the new items are
tested together with what has been seen (evalhub.decision.test_set_extension), so it is the number
with which that test succeeds given what has been seen: conditional power. Else it is the size of a
fresh test set. What is assumed of the truth stands in the sentence. It is what was planned (nothing
is lost, or the planned gain). Where the interval leaves that out, or a loss or a cost beyond the
bound was seen, there is a second number: what would settle it, either way, if the truth is what was
seen (evalhub.decision.as_seen).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, sqrt

from evalhub.decision.as_seen import (
    distance_seen,
    excludes_assumption,
    no_loss_to_show,
    partly_shown,
)
from evalhub.decision.criterion import Criterion, NextLook
from evalhub.decision.needed_users import users_for, users_text
from evalhub.decision.quantile_budget import fewest
from evalhub.decision.wording import count_text, shows_nothing
from evalhub.declare.policy import Primaries
from evalhub.declare.verdicts import Status
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import POWER
from evalhub.stats.power_people import review_for
from evalhub.stats.power_spread import Leaning, Spread, items_for, power_for
from evalhub.stats.skew import Unevenness, errors_to_end

NO_NUMBER = "no number of items can settle this"


@dataclass(frozen=True, slots=True)
class Needed:
    """`n` items in all would settle it if what was planned is true, `as_seen` if what was seen is
    (None: no number would, or none is due), and `why` says so."""

    n: int | None
    why: str
    as_seen: int | None = None


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number of items or judgments: in all, the new ones in words, and text before them."""

    n: int
    text: str
    before: str = ""


def with_needs(
    judged: Sequence[Criterion], blocking: Sequence[bool], primaries: Primaries
) -> list[Criterion]:
    """Add to each open criterion what it needs; under "any-of" all primaries count as one
    question."""
    waiting = [each for each, blocks in zip(judged, blocking, strict=True) if blocks]
    rivals = sum(each.kind.one_may_do for each in waiting)
    spare = max(rivals - 1, 0) if primaries == "any-of" else 0
    questions = max(len(waiting) - spare, 1)
    return [_with_need(each, questions) for each in judged]


def with_next_looks(
    criteria: Sequence[Criterion], looks: Mapping[str, NextLook], primaries: Primaries
) -> list[Criterion]:
    """Add to each criterion how it would be judged with items added, by its test set; under
    "any-of" primaries share the level."""
    rivals = sum(each.kind.one_may_do for each in criteria) if primaries == "any-of" else 1

    def next_look(criterion: Criterion) -> NextLook | None:
        look = looks.get(criterion.test_set)
        if look is None or not criterion.kind.one_may_do:
            return look
        return look.model_copy(update={"alpha": look.alpha / rivals})

    return [each.model_copy(update={"next_look": next_look(each)}) for each in criteria]


def with_choosing(criteria: Sequence[Criterion], choosing: Mapping[str, int]) -> list[Criterion]:
    """Add to each criterion how many items of its test set chose the baseline."""
    return [
        criterion.model_copy(update={"chose": choosing[criterion.name]})
        if criterion.name in choosing
        else criterion
        for criterion in criteria
    ]


def total_needed(
    judged: Sequence[Criterion], blocking: Sequence[bool], primaries: Primaries
) -> int | None:
    """Items that would settle every criterion a ship waits for; None where no number would.

    A criterion counts with the number for what was planned, or where its interval leaves that out
    with the one for what was seen. Of primaries of which one is enough the cheapest counts.
    """
    waiting = [each for each, blocks in zip(judged, blocking, strict=True) if blocks]
    rivals = [each for each in waiting if primaries == "any-of" and each.kind.one_may_do]
    sizes = [_likely(each) for each in waiting if each not in rivals]
    if rivals:
        rival_sizes = [size for size in map(_likely, rivals) if size]
        sizes.append(min(rival_sizes, default=None))
    finite_sizes = [size for size in sizes if size is not None]
    return max(finite_sizes, default=None) if len(finite_sizes) == len(sizes) else None


def _likely(criterion: Criterion) -> int | None:
    if criterion.needed_n is None or excludes_assumption(criterion):
        return criterion.needed_as_seen
    return criterion.needed_n


def _with_need(criterion: Criterion, questions: int) -> Criterion:
    if criterion.status is not Status.OPEN:
        nothing = {"needed_n": None, "needed_as_seen": None, "needed_why": ""}
        return criterion.model_copy(update=nothing)
    plan = criterion.next_look or NextLook(alpha=criterion.alpha)
    needed = items_needed(criterion, questions=questions, plan=plan)
    return criterion.model_copy(
        update={"needed_n": needed.n, "needed_as_seen": needed.as_seen, "needed_why": needed.why}
    )


def items_needed(criterion: Criterion, *, questions: int, plan: NextLook) -> Needed:
    """Total items that would settle a criterion with power 1 − .2/questions.

    By the spread of the differences and how well it is known (evalhub.stats.power_spread). What
    the new items have to show is the z of the plan's level, or, where stage one's z counts, what
    that leaves: (z_due·√(w₁ + w₂) − z₁·√w₁)/√w₂ (Lehmacher and Wassmer 1999). To show that it fails
    the level is harm's.

    Args:
        questions: how many criteria are open; the allowed miss rate is shared out among them.
    """
    kind = criterion.kind
    if kind.not_by_number:
        return Needed(None, kind.not_by_number)
    if shows_nothing(criterion):
        return Needed(None, no_loss_to_show(criterion))
    if why := _beyond_numbers(criterion):
        return Needed(None, why)
    power = 1 - (1 - POWER) / questions
    shared = f" ({POWER:.0%} for all {questions} that are open)" if questions > 1 else ""
    unplanned = "" if criterion.gap > 0 else kind.unplanned
    planned = None if unplanned else _amount(criterion, plan, criterion.gap, power)
    distance = distance_seen(criterion)
    worse = distance < 0 and not kind.must_gain
    if not unplanned and not worse and not excludes_assumption(criterion):
        if planned is None:
            return Needed(None, _none_near(criterion, plan, power))
        why = f"{planned.text} would settle it with {power:.0%} power{shared}"
        return Needed(planned.n, f"{planned.before}{why}, if {kind.assumption(criterion)}")
    likely = _amount(criterion, plan, distance, power) if distance else None
    parts = [] if planned is None else [_would(criterion, planned, 1.0, kind.assumption(criterion))]
    if likely is not None:
        parts.append(_would(criterion, likely, distance, kind.observation(criterion)))
    elif distance == 0:
        parts.append(
            f"no number would if {kind.observation(criterion)}, which lies on the bound itself"
        )
    if planned is None and likely is None:
        return Needed(None, unplanned or _none_near(criterion, plan, power))
    suffix = " each" if planned is not None and likely is not None else ""
    why = f"{'; '.join(parts)}; with {power:.0%} power{suffix}{shared}"
    before = partly_shown(criterion) or (f"{unplanned}: " if unplanned else "")
    return Needed(
        None if planned is None else planned.n,
        f"{before}{why}",
        None if likely is None else likely.n,
    )


def _would(criterion: Criterion, amount: _Amount, distance: float, truth: str) -> str:
    effect = criterion.kind.effect_shown(criterion, passing=distance > 0)
    return f"{amount.before}{amount.text} would show {effect}, if {truth}"


def _none_near(criterion: Criterion, plan: NextLook, power: float) -> str:
    if criterion.kind.counts_judgments:
        none = _no_judgments(_spread(criterion))
        return f"{none}: so few show too little of how far people lean to one arm"
    fresh = plan.model_copy(update={"weights": None})
    if plan.weights and _amount(criterion, fresh, criterion.gap, power):
        return (
            "no number of items added to these can settle this, since what they showed counts with "
            "the new ones: a fresh test set can"
        )
    wider = "a wider margin" if criterion.may_lose else "a larger gain"
    none = NO_NUMBER.replace("items", "users") if criterion.kind.counts_users else NO_NUMBER
    return (
        f"{none}: what is asked lies too near to what is assumed; plan {wider}, or a metric "
        "that spreads less"
    )


def _amount(criterion: Criterion, plan: NextLook, distance: float, power: float) -> _Amount | None:
    """Items that show with this power a pass, or with a `distance` below 0 a failure, where the
    true effect lies `distance` from the bound; None where no number does."""
    spread, gap = _spread(criterion), abs(distance)
    if distance < 0:
        # By the upper end, which pays for no unseen tail.
        spread = replace(spread, skew=-spread.skew, worst=None)
    if criterion.kind.counts_users:
        users = users_for(criterion, distance, power)
        return None if users is None else _Amount(users, users_text(criterion, users))
    if criterion.kind.counts_judgments:
        level = plan.alpha if distance > 0 else criterion.harm_alpha
        return _judgments(criterion, gap, spread, due=-normal_quantile(level), power=power)
    size = criterion.n / criterion.clusters if criterion.clusters else 1.0
    due = _due(criterion, plan, passing=distance > 0)
    new = items_for(gap, spread, due=due, power=power, cluster_size=size)
    if new is None:
        return None
    new = max(new, fewest(criterion))
    clusters = ceil(new / size)
    # Of items that are added as many choose the baseline as of those there are.
    added = ceil(new / share_judged(criterion))
    grouped = f" in {ceil(added / size):,} new clusters" if criterion.clusters else ""
    grouped += _choosing(criterion)
    if plan.weights is None:
        before = _too_few_clusters(criterion, clusters) if distance > 0 else ""
        return _Amount(added, f"a fresh test set of {count_text(added, 'item')}{grouped}", before)
    clusters += criterion.clusters or 0
    before = _too_few_clusters(criterion, clusters) if distance > 0 else ""
    total_now = criterion.n + criterion.chose
    return _Amount(total_now + added, f"{count_text(added, 'more item')}{grouped}", before)


def share_judged(criterion: Criterion) -> float:
    """Share of the test set's items that is judged on (the rest chose the baseline)."""
    return criterion.n / (criterion.n + criterion.chose)


def _choosing(criterion: Criterion) -> str:
    if not criterion.chose:
        return ""
    return f", of which {1 - share_judged(criterion):.0%} choose the baseline and aren't judged,"


def _too_few_clusters(criterion: Criterion, enough: int) -> str:
    """Warning that so few clusters can't settle it: even if exactly the assumed effect were seen,
    the interval would reach beyond the bound. "" where they can."""
    if not criterion.clusters:
        return ""
    errors = errors_to_end(criterion.clusters, criterion.alpha, clustered=True)
    if errors * _spread(criterion).sd / sqrt(criterion.n) < criterion.gap:
        return ""
    return f"can't be decided with {criterion.clusters:,} clusters, {enough:,} would do: "


def power_with(criterion: Criterion, n: int) -> float:
    """Power with `n` items in all, those that choose the baseline included, planned as `needed_n`
    is; 0 where `n` adds none."""
    plan = criterion.next_look or NextLook(alpha=criterion.alpha)
    added = n if plan.weights is None else n - criterion.n - criterion.chose
    new = int(added * share_judged(criterion))
    if new < 1:
        return 0.0
    return power_for(
        new,
        criterion.gap,
        _spread(criterion),
        due=_due(criterion, plan),
        cluster_size=criterion.n / criterion.clusters if criterion.clusters else 1.0,
    )


def _judgments(
    criterion: Criterion, gap: float, spread: Spread, *, due: float, power: float
) -> _Amount | None:
    """Number of judged pairs in a fresh review, and of people."""
    per_item = criterion.n / (criterion.clusters or criterion.n)
    review = review_for(gap, spread, due=due, power=power, per_item=per_item)
    if review is None:
        return None
    text = f"a fresh review of {review.judgments:,} judged pairs by {_people(review.people)}"
    before = f"{_no_judgments(spread)}: " if review.only_by_more else ""
    return _Amount(review.judgments, text, before)


def _no_judgments(spread: Spread) -> str:
    reviewers = _people(spread.people.count) if spread.people else "those there are"
    return f"no number of judged pairs by {reviewers} can settle this"


def _spread(criterion: Criterion) -> Spread:
    spread = criterion.spread
    if spread is None:
        sd = criterion.sd * sqrt(criterion.design_effect)
        return Spread(sd, at_bound=sd)
    people = spread.people
    return Spread(
        spread.sd,
        spread.at_bound,
        inf if spread.df is None else spread.df,
        spread.skew,
        None if people is None else Leaning(people.count, people.lean, people.df, people.sd),
        spread.worst,
        Unevenness(spread.evenness, spread.skew_doubt),
    )


def _due(criterion: Criterion, plan: NextLook, *, passing: bool = True) -> float:
    """The z that the new items alone must reach, to pass or to fail."""
    due = -normal_quantile(plan.alpha if passing else criterion.harm_alpha)
    if plan.weights is None:
        return due
    first, added = plan.weights
    p = criterion.p_bound or 0.5
    if not passing:
        # p_harm is against a loss that is bearable, which is the bound where that isn't above 0.
        p = 1 - p if (criterion.bound or 0.0) > 0 else criterion.p_harm
    z = -normal_quantile(min(max(p, 1e-300), 1 - 1e-16))
    return (due * sqrt(first + added) - z * sqrt(first)) / sqrt(added)


def _beyond_numbers(criterion: Criterion) -> str:
    """Why no number of items would help, and what would; "" where a number does."""
    c = criterion
    if c.factor is not None and c.ratio is None:
        return (
            f"{NO_NUMBER}: the baseline's mean isn't above 0, so nothing can be a share of it; "
            f"{c.kind.other_measure}"
        )
    if reason := c.kind.no_number(c):
        return reason
    if c.clusters == 1:
        what = "item" if c.kind.counts_judgments else "cluster"
        return f"{NO_NUMBER} of one {what}, since they count as one observation: add {what}s"
    if _spread(c).sd <= 0:
        return (
            f"{NO_NUMBER} by a plan: every item came out alike, so there is no spread to plan "
            "with; add items and decide again"
        )
    return ""


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"

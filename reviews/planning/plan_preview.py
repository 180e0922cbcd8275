"""What a campaign would be and cost, before it is opened: for pages and the command line."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalhub.declare.review import CampaignRequest
from evalhub.registry.models import Run, Study
from evalhub.stats.power_review import PlannedReview, review_detects, review_items
from reviews.errors import PreviewBusyError
from reviews.models import PairKind
from reviews.planning.answers import are_many, cached_answers
from reviews.planning.campaign import inputs
from reviews.planning.checks import Planned
from reviews.planning.drafting import Prepared, prepare
from reviews.planning.pairing import arm_pairs
from reviews.planning.sizing import Cost, cost_of, items_affordable, planned_review
from reviews.planning.telling_preview import TellingPreview, measure_telling

GAINS = (0.6, 0.65, 0.7)

_ONE = threading.Lock()


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """A plan with its price. `detects` is the smallest preference that its items would show by so
    many `people`; ratings show none. `people_needed` are the fewest who would show one."""

    prepared: Prepared
    items: int
    cost: Cost
    people: int
    people_needed: int | None
    detects: float | None
    needed: list[tuple[float, int | None]]
    """(preference, items that show it; None: no number by so few), for a few to choose from"""
    short: list[str]
    """what was asked for and isn't there, in sentences"""
    told_apart: TellingPreview
    """how well text alone tells the arms apart"""

    @property
    def controls(self) -> int:
        return self.prepared.count(PairKind.CONTROL)

    @property
    def gold(self) -> int:
        return self.prepared.count(PairKind.GOLD)

    @property
    def practice(self) -> int:
        return self.prepared.count(PairKind.PRACTICE)


def preview_plan(request: CampaignRequest, runs: Sequence[Run], study: Study | None) -> PlanPreview:
    """What opening a campaign by this request would make.

    Of many answers one is worked out at a time in a process. Raises PreviewBusyError; PlanError, as
    opening it would.
    """
    if not are_many(runs):
        return _work_out(request, runs, study)
    if not _ONE.acquire(blocking=False):
        raise PreviewBusyError
    try:
        return _work_out(request, runs, study)
    finally:
        _ONE.release()


def _work_out(request: CampaignRequest, runs: Sequence[Run], study: Study | None) -> PlanPreview:
    prepared = prepare(inputs(runs, request, study), cached_answers)
    items = len(prepared.plan.items)
    rates = request.form.rates
    checks = prepared.count(PairKind.CONTROL) + prepared.count(PairKind.GOLD)
    cost = cost_of(
        prepared.count(PairKind.MAIN),
        request.reviewers_per_item,
        checks=checks / prepared.count(PairKind.MAIN),
        repeats=request.form.repeats,
        practice=prepared.count(PairKind.PRACTICE),
        reviewers=request.judges,
        seconds=request.seconds,
        rate=request.rate,
    )
    review = planned_review(request.judges, request.reviewers_per_item)
    detects = None if rates else review_detects(items, review)
    return PlanPreview(
        prepared=prepared,
        items=items,
        cost=cost,
        people=request.judges,
        people_needed=None if rates or detects else _people_needed(items, review),
        detects=detects,
        needed=[] if rates else [(gain, review_items(gain, review)) for gain in GAINS],
        short=_short(request, prepared, items) + ([] if rates else _few(request, study)),
        told_apart=measure_telling(prepared),
    )


def _people_needed(items: int, review: PlannedReview) -> int | None:
    """The fewest people with whom so many items show any preference; None: not ten do."""
    more = (replace(review, people=people) for people in range(review.people + 1, 11))
    return next((each.people for each in more if review_detects(items, each)), None)


def _few(request: CampaignRequest, study: Study | None) -> list[str]:
    """Notes on too few reviewers, by themselves or for the study."""
    people, per_item = request.judges, request.reviewers_per_item
    notes = []
    if people == 1:
        notes.append("What one person prefers says nothing of others: this is that person's taste.")
    awaited = 1 if study is None else study.policy.min_reviewers
    if people < awaited:
        notes.append(f"The study waits until {awaited} people have judged: {people} are planned.")
    elif per_item < awaited:
        notes.append(
            f"{per_item} who judge everything would fill the plan, and the study waits for "
            f"{awaited}: share the turns out by quotas, or have more judge each item."
        )
    return notes


def affordable(request: CampaignRequest, budget: float, *, arms: int = 2) -> int:
    """The most items that a budget pays for, as this request has them judged."""

    def price(items: int) -> float | None:
        return cost_of(
            items,
            request.reviewers_per_item,
            combinations=len(arm_pairs(arms, request.combinations)),
            checks=request.controls + request.gold,
            repeats=request.form.repeats,
            practice=request.practice,
            reviewers=request.judges,
            seconds=request.seconds,
            rate=request.rate,
        ).money

    return items_affordable(budget, price)


def _short(request: CampaignRequest, prepared: Prepared, items: int) -> list[str]:
    main = prepared.count(PairKind.MAIN)
    notes = []
    if items < request.items:
        notes.append(f"Only {items} items have answers that differ; all of them are asked about.")
    for kind, name, requested in (
        (PairKind.CONTROL, "control", round(request.controls * main)),
        (PairKind.GOLD, "gold", round(request.gold * main)),
        (PairKind.PRACTICE, "practice", request.practice),
    ):
        if (count := prepared.count(kind)) < requested:
            notes.append(f"There are {count} {name} pairs rather than {requested}: {WHY[kind]}")
    same = sum(_same_text(pair) for pair in prepared.pairs)
    if same:
        notes.append(
            f"In {same} of the control pairs both answers are one and the same text: their arm "
            "has no second answer to it."
        )
    return notes


UNKNOWN = "no more items are left of which a score that may be read is certain."
WHY = {
    PairKind.CONTROL: "no more items have answers.",
    PairKind.GOLD: UNKNOWN,
    PairKind.PRACTICE: UNKNOWN,
}


def _same_text(pair: Planned) -> bool:
    return pair.kind == PairKind.CONTROL and pair.outputs[0] == pair.outputs[1]

"""What a campaign would be and cost, before it is opened: for pages and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.registry.models import Run, Study
from evalhub.schemas.review import CampaignRequest
from reviews.models import PairKind
from reviews.planning.campaign import inputs
from reviews.planning.checks import Planned
from reviews.planning.drafting import Prepared, prepare
from reviews.planning.pairing import arm_pairs
from reviews.planning.sizing import Cost, cost_of, items_affordable, items_needed, score_detected

GAINS = (0.55, 0.6, 0.65)
REVIEWERS = 4  # who practise, until they are known


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """A plan with its price. `detects` is the smallest preference that its items would show;
    ratings show none."""

    prepared: Prepared
    items: int
    cost: Cost
    detects: float | None
    needed: list[tuple[float, int]]
    """(preference, items that show it), for a few to choose from"""
    short: list[str]
    """what was asked for and isn't there, in sentences"""

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
    """What opening a campaign by this request would make. Raises PlanError, as opening it would."""
    prepared = prepare(inputs(runs, request, study))
    items = len(prepared.plan.items)
    rates = request.form.rates
    checks = prepared.count(PairKind.CONTROL) + prepared.count(PairKind.GOLD)
    cost = cost_of(
        prepared.count(PairKind.MAIN),
        request.reviewers_per_item,
        checks=checks / prepared.count(PairKind.MAIN),
        repeats=request.form.repeats,
        practice=prepared.count(PairKind.PRACTICE),
        reviewers=REVIEWERS,
        seconds=request.seconds,
        rate=request.rate,
    )
    return PlanPreview(
        prepared=prepared,
        items=items,
        cost=cost,
        detects=None if rates else score_detected(items, request.reviewers_per_item),
        needed=[] if rates else [(g, items_needed(g, request.reviewers_per_item)) for g in GAINS],
        short=_short(request, prepared, items),
    )


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
            reviewers=REVIEWERS,
            seconds=request.seconds,
            rate=request.rate,
        ).money

    return items_affordable(budget, price)


def _short(request: CampaignRequest, prepared: Prepared, items: int) -> list[str]:
    main = prepared.count(PairKind.MAIN)
    found = []
    if items < request.items:
        found.append(f"Only {items} items have answers that differ; all of them are asked about.")
    for kind, name, asked in (
        (PairKind.CONTROL, "control", round(request.controls * main)),
        (PairKind.GOLD, "gold", round(request.gold * main)),
        (PairKind.PRACTICE, "practice", request.practice),
    ):
        if (there := prepared.count(kind)) < asked:
            found.append(f"There are {there} {name} pairs rather than {asked}: {WHY[kind]}")
    same = sum(_same_text(pair) for pair in prepared.pairs)
    if same:
        found.append(
            f"In {same} of the control pairs both answers are one and the same text: their arm "
            "has no second answer to it."
        )
    return found


UNKNOWN = "no more items are left of which a score that may be read is certain."
WHY = {
    PairKind.CONTROL: "no more items have answers.",
    PairKind.GOLD: UNKNOWN,
    PairKind.PRACTICE: UNKNOWN,
}


def _same_text(pair: Planned) -> bool:
    return pair.kind == PairKind.CONTROL and pair.outputs[0] == pair.outputs[1]

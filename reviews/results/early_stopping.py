"""Look at a running campaign by its plan's rule: end it when its preference is settled."""

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from django.db import transaction

from reviews.assignments.blinding import canonical
from reviews.models import (
    AssignmentPurpose,
    Campaign,
    CampaignKind,
    CampaignState,
    Dealing,
    Event,
    EventKind,
    Judgment,
    Pair,
    PairKind,
    Reviewer,
)
from reviews.planning.kept import read_plan
from reviews.results.stopping import (
    SCORE,
    InterimEstimate,
    Judged,
    Rule,
    look,
    stratum_chances,
    stratum_shares,
)

FEWEST, GROWTH = 20, 0.05  # new judgments between two looks, and as a share of those there are


@dataclass(frozen=True, slots=True)
class Settlement:
    """Why a campaign was settled before its last judgment, with what its look had found."""

    winner: str
    lower: float
    upper: float
    level: float
    p_better: float
    p_worse: float
    judgments: int
    planned: int
    method: str


def settle_when_due(*, reviewer: Reviewer) -> Settlement | None:
    """`settle`, if enough judgments have come since the last look; called after an answer.

    `reviewer` is one read `with_campaign`, so that most calls ask nothing of the database. Looks
    come at least 20 judgments and a twentieth of all apart: they stay rare however large the
    campaign is, and one of several who call at once looks.
    """
    campaign, dealing = reviewer.campaign, reviewer.campaign.dealing
    given, seen = reviewer.others_seated + reviewer.seated, dealing.weighed
    if campaign.state == CampaignState.CLOSED or given < seen + max(FEWEST, GROWTH * seen):
        return None
    if not Dealing.objects.filter(pk=dealing.pk, weighed=seen).update(weighed=given):
        return None
    fixed = _stopping(campaign).get("rule", "fixed") == "fixed"
    return None if fixed else settle(campaign=campaign)


def settle(*, campaign: Campaign) -> Settlement | None:
    """Look once: close the campaign if its rule says so, else give the strata their chances.

    None where the rule is fixed, the campaign has ended or nothing is settled yet. Looking more
    or less often changes nothing about how often a claim is wrong. Three queries, and three more
    where something is written.
    """
    rule = rule_of(campaign)
    if rule is None or campaign.state == CampaignState.CLOSED:
        return None
    judged, seats = read(campaign)
    found = _look(judged, seats, rule)
    if found is None:
        return None
    if found.winner is None:
        if rule.priority:
            _weigh(campaign, judged, _shares_of_plan(seats))
        return None
    return _close(campaign, found, planned=sum(count for count, _ in seats.values()))


def look_at(
    campaign: Campaign, *, alpha: float, items: Collection[str] | None = None
) -> InterimEstimate | None:
    """What a campaign with a rule has found so far at another one-sided alpha than the plan's.

    A sequence holds at any level, and on any of the `items` (their keys; None: all), that weren't
    chosen by its own outcome. Three queries.
    """
    rule = rule_of(campaign)
    if rule is None:
        return None
    judged, seats = read(campaign)
    if items is not None:
        kept = [index for index, item in enumerate(judged.items) if item in items]
        judged = Judged(
            **{each.name: [getattr(judged, each.name)[i] for i in kept] for each in fields(judged)}
        )
        seats = {item: seat for item, seat in seats.items() if item in items}
    return _look(judged, seats, replace(rule, alpha=alpha))


def rule_of(campaign: Campaign) -> Rule | None:
    """The early stop of a campaign of two arms that are compared; None for any other."""
    plan = read_plan(campaign.plan)
    if campaign.kind != CampaignKind.PAIRS or len(plan["arms"]) != 2:
        return None
    return Rule.of(plan["stopping"])


def settlement_of(campaign: Campaign) -> Settlement | None:
    """How the campaign was settled, from its event; None where it wasn't."""
    event = campaign.events.filter(kind=EventKind.SETTLED).first()
    return Settlement(**event.detail) if event else None


def read(campaign: Campaign) -> tuple[Judged, dict[str, tuple[int, str]]]:
    """The main judgments in the order in which they came; item key → (seats, stratum)."""
    seats = {
        key: (count, stratum)
        for key, count, stratum in Pair.objects.filter(campaign=campaign, kind=PairKind.MAIN)
        .order_by("position")
        .values_list("item__key", "seats", "stratum")
    }
    rows = list(
        Judgment.objects.standing()
        .filter(assignment__pair__campaign=campaign, assignment__pair__kind=PairKind.MAIN)
        .filter(assignment__purpose=AssignmentPurpose.MAIN)
        .order_by("pk")
        .values_list(
            "choice",
            "assignment__candidate_on_left",
            "assignment__pair__item__key",
            "assignment__pair__item__cluster",
            "assignment__reviewer_id",
        )
    )
    items = [row[2] for row in rows]
    judged = Judged(
        choices=[canonical(row[0], candidate_on_left=row[1]) for row in rows],
        items=items,
        clusters=[row[3] or row[2] for row in rows],
        raters=[row[4] for row in rows],
        strata=[seats[item][1] for item in items],
    )
    return judged, seats


def _look(judged: Judged, seats: dict[str, tuple[int, str]], rule: Rule) -> InterimEstimate | None:
    return look(
        judged,
        seats={item: count for item, (count, _) in seats.items()},
        rule=rule,
        shares=_shares_of_plan(seats) if rule.priority else None,
    )


def _stopping(campaign: Campaign) -> dict[str, Any]:
    """The rule alone: a plan lists every item, and isn't read for this."""
    row = Campaign.objects.filter(pk=campaign.pk).values_list("plan__stopping", flat=True)
    return row[0] or {}


@transaction.atomic
def _close(campaign: Campaign, found: InterimEstimate, *, planned: int) -> Settlement | None:
    settlement = Settlement(
        winner=str(found.winner),
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        p_better=found.p_better,
        p_worse=found.p_worse,
        judgments=found.judgments,
        planned=planned,
        method=found.method,
    )
    # Reviewers read this: it doesn't say for whom.
    why = f"The preference is clear after {found.judgments} of {planned} judgments."
    open_ = Campaign.objects.filter(pk=campaign.pk).exclude(state=CampaignState.CLOSED)
    if not open_.update(state=CampaignState.CLOSED, ended=why):
        return None
    campaign.state, campaign.ended = CampaignState.CLOSED, why
    Event.objects.create(campaign=campaign, kind=EventKind.SETTLED, detail=asdict(settlement))
    return settlement


def _shares_of_plan(seats: dict[str, tuple[int, str]]) -> dict[str, float]:
    counts = Counter(stratum for _, stratum in seats.values())
    return {stratum: count / len(seats) for stratum, count in counts.items()}


def _weigh(campaign: Campaign, judged: Judged, plan: dict[str, float]) -> None:
    scores: dict[str, list[float]] = {}
    for choice, item in zip(judged.choices, judged.items, strict=True):
        scores.setdefault(item, []).append(SCORE[choice])
    stratum_of: dict[str, Any] = dict(zip(judged.items, judged.strata, strict=True))
    shares = stratum_shares(
        [stratum_of[item] for item in scores],
        [sum(given) / len(given) for given in scores.values()],
        plan=plan,
    )
    Dealing.objects.filter(campaign=campaign).update(chances=stratum_chances(shares, plan=plan))

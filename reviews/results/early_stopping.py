"""Look at a running campaign by its plan's rule: stop it early when its preference is clear."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass

from django.db import transaction

from evalhub.declare.review import Anytime
from reviews.chain.append import add_event, lock_campaign
from reviews.models import (
    OVER,
    Campaign,
    CampaignState,
    Dealing,
    EventKind,
    PairKind,
    Reviewer,
)
from reviews.planning.stopping import (
    SCORE,
    InterimEstimate,
    Judged,
    look,
    stratum_chances,
    stratum_shares,
)
from reviews.results.counting import count_judgments, use_of
from reviews.results.judgment_data import JudgedPair, JudgmentData, judgment_data

FEWEST, GROWTH = 20, 0.05  # new judgments between two looks, and as a share of those there are


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """Why a campaign was stopped before its last judgment, with what its look had found."""

    winner: str
    lower: float
    upper: float
    level: float
    p_better: float
    p_worse: float
    judgments: int
    planned: int
    method: str


def stop_when_due(*, reviewer: Reviewer) -> EarlyStop | None:
    """`stop_if_clear`, if enough judgments have come since the last look; called after an answer.

    `reviewer` is one read `with_campaign`, so that most calls ask nothing of the database. Looks
    come at least 20 judgments and a twentieth of all apart: they stay rare however large the
    campaign is, and one of several who call at once looks.
    """
    campaign, dealing = reviewer.campaign, reviewer.campaign.dealing
    seated, seen = reviewer.others_seated + reviewer.seated, dealing.weighed
    if campaign.is_over or seated < seen + max(FEWEST, GROWTH * seen):
        return None
    if not Dealing.objects.filter(pk=dealing.pk, weighed=seen).update(weighed=seated):
        return None
    # The rule alone: a plan lists every item, and isn't read for this.
    campaigns = Campaign.objects.filter(pk=campaign.pk, plan__design__stopping__rule="anytime")
    return stop_if_clear(campaign=campaign) if campaigns.exists() else None


def stop_if_clear(*, campaign: Campaign) -> EarlyStop | None:
    """Look once: close the campaign if its rule says so, else give the strata their chances.

    None where the rule is fixed, the campaign has ended, the preference is not clear yet, or fewer
    people have judged than the study's policy waits for. Judgments that don't count aren't heard.
    Looking more or less often changes nothing about how often a claim is wrong. A constant number
    of queries, and three or four more where something is written.
    """
    rule = rule_of(campaign)
    if rule is None or campaign.is_over:
        return None
    data = count_judgments(campaign, judgment_data(campaign), use=use_of(campaign)).data
    estimate = interim_estimate(data, rule)
    if estimate is None:
        return None
    if estimate.winner is None:
        if rule.priority:
            _set_chances(campaign, data)
        return None
    if len({each.reviewer for each in data.of()}) < _people_awaited(campaign):
        return None
    return _close(campaign, estimate, planned=data.planned)


def _people_awaited(campaign: Campaign) -> int:
    """How many people the study's policy needs; stopping with fewer would leave it undecided."""
    return 1 if campaign.study is None else campaign.study.policy.min_reviewers


def interim_estimate(data: JudgmentData, rule: Anytime) -> InterimEstimate | None:
    """What the judgments of a campaign of two arms show by now; None without any.

    A sequence holds at any alpha, the rule's being the plan's or another, and on any items that
    weren't chosen by their own outcome (`JudgmentData.on`).
    """
    main = data.of()
    judged = Judged(
        choices=[each.favours for each in main],
        items=[each.pair.item for each in main],
        clusters=[each.pair.cluster for each in main],
        raters=[each.reviewer for each in main],
        strata=[each.pair.stratum for each in main],
    )
    seats = {pair.item: pair.seats for pair in _main_pairs(data)}
    return look(judged, seats=seats, rule=rule, shares=_shares(data) if rule.priority else None)


def rule_of(campaign: Campaign) -> Anytime | None:
    """The early stop of a campaign of two arms that are compared; None for any other."""
    plan = campaign.sealed_plan
    compared = plan.kind == "pairs" and len(plan.arms) == 2
    return plan.design.stopping if compared and isinstance(plan.design.stopping, Anytime) else None


def early_stop_of(campaign: Campaign) -> EarlyStop | None:
    """How the campaign was stopped early, from its event; None where it wasn't."""
    event = campaign.events.filter(kind=EventKind.STOPPED).first()
    return EarlyStop(**event.detail) if event else None


@transaction.atomic
def _close(campaign: Campaign, estimate: InterimEstimate, *, planned: int) -> EarlyStop | None:
    stop = EarlyStop(
        winner=str(estimate.winner),
        lower=estimate.lower,
        upper=estimate.upper,
        level=estimate.level,
        p_better=estimate.p_better,
        p_worse=estimate.p_worse,
        judgments=estimate.judgments,
        planned=planned,
        method=estimate.method,
    )
    # Reviewers read this: it doesn't say for whom.
    why = f"The preference is clear after {estimate.judgments} of {planned} judgments."
    lock_campaign(campaign)
    open_ = Campaign.objects.filter(pk=campaign.pk).exclude(state__in=OVER)
    if not open_.update(state=CampaignState.CLOSED, ended=why):
        return None
    campaign.state, campaign.ended = CampaignState.CLOSED, why
    add_event(campaign, EventKind.STOPPED, **asdict(stop))
    return stop


def _main_pairs(data: JudgmentData) -> list[JudgedPair]:
    return [pair for pair in data.pairs.values() if pair.kind == PairKind.MAIN]


def _shares(data: JudgmentData) -> dict[str, float]:
    """Stratum → its share of the plan's items."""
    counts = Counter(pair.stratum for pair in _main_pairs(data))
    return {stratum: count / counts.total() for stratum, count in counts.items()}


def _set_chances(campaign: Campaign, data: JudgmentData) -> None:
    scores: dict[JudgedPair, list[float]] = defaultdict(list)
    for judgment in data.of():
        scores[judgment.pair].append(SCORE[judgment.favours])
    plan = _shares(data)
    shares = stratum_shares(
        [pair.stratum for pair in scores],
        [sum(pair_scores) / len(pair_scores) for pair_scores in scores.values()],
        plan=plan,
    )
    Dealing.objects.filter(campaign=campaign).update(chances=stratum_chances(shares, plan=plan))

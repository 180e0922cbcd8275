"""What a campaign has found so far, with sides resolved: for whoever may know the arms."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Count, F, Q, QuerySet, Sum

from reviews.assignments.blinding import canonical
from reviews.errors import StillBlindError
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    CampaignState,
    Judgment,
    Pair,
    PairKind,
)
from reviews.results.early_stopping import Settlement, rule_of, settlement_of


@dataclass(frozen=True, slots=True)
class CampaignJudgments:
    """A campaign's judgments; entry i of each list belongs to one judgment.

    `choices` are "candidate", "baseline", "tie" or "both-bad", never a side.
    """

    choices: list[str]
    items: list[str]
    """keys of the items judged"""
    clusters: list[str]
    """the items' clusters; an item without one is its own"""
    raters: list[int]
    """ids of the people who judged"""
    candidate_on_left: list[bool]
    """the side presented"""
    seconds: list[float]
    planned: int
    """judgments that the plan asks for"""
    pairs: int
    """items in the plan"""
    pairs_complete: int
    """items with all their judgments"""
    different: int
    """items of the test set with two different answers: what was sampled from"""
    identical: int
    """items whose answers read the same: ties by construction, which nobody is asked about"""
    unpaired: int
    """items without an answer in one of the runs"""
    settled: Settlement | None = None
    """how the campaign's rule ended it before its last judgment, where it did"""
    spent: float = 0.0
    """share of alpha that looks at the campaign may spend: the rest is for its end"""

    @property
    def state(self) -> Literal["waiting", "partial", "complete"]:
        if not self.choices:
            return "waiting"
        done = self.settled is not None or len(self.choices) == self.planned
        return "complete" if done else "partial"

    @property
    def picked_left(self) -> int:
        """Judgments for the left side, whoever stood there."""
        return self._picked("left")

    @property
    def picked_right(self) -> int:
        return self._picked("right")

    def _picked(self, side: str) -> int:
        return sum(
            choice == canonical(side, candidate_on_left=on_left)
            for choice, on_left in zip(self.choices, self.candidate_on_left, strict=True)
        )

    @property
    def share_different(self) -> float:
        """Share of the paired items whose answers differ.

        Over all paired items, identical ones being ties, the candidate's win score is
        ½ + share_different · (score − ½): the two agree in which side of ½ they are on.
        """
        return self.different / (self.different + self.identical)


def has_ended(campaign: Campaign) -> bool:
    """Whether nothing more is to come: closed, unblinded, or every seat has its judgment."""
    if campaign.state == CampaignState.CLOSED or campaign.unblinded is not None:
        return True
    dealt = Pair.objects.filter(campaign=campaign).exclude(kind=PairKind.PRACTICE)
    held = Assignment.objects.filter(
        pair__campaign=campaign, state=AssignmentState.LEASED, purpose=AssignmentPurpose.MAIN
    )
    return dealt.exists() and not dealt.filter(taken__lt=F("seats")).exists() and not held.exists()


def check_ended(campaign: Campaign) -> None:
    """Raises StillBlindError while answers are still to come: who looks then could steer them."""
    if not has_ended(campaign):
        raise StillBlindError


def judgments(campaign: Campaign) -> CampaignJudgments:
    """The judgments of a campaign's main pairs in the order in which they came.

    Two queries, and one more where the campaign is closed.
    """
    rows = (
        Judgment.objects.standing()
        .filter(assignment__pair__campaign=campaign, assignment__purpose=AssignmentPurpose.MAIN)
        .filter(assignment__pair__in=_pairs(campaign))
        .order_by("pk")
        .values_list(
            "choice",
            "assignment__candidate_on_left",
            "assignment__pair__item__key",
            "assignment__pair__item__cluster",
            "assignment__reviewer__user_id",
            "seconds",
        )
    )
    found = list(rows)
    rule = rule_of(campaign)
    closed = campaign.state == CampaignState.CLOSED
    pairs = (
        _pairs(campaign)
        .annotate(
            judged=Count(
                "assignments", filter=Q(assignments__state="done", assignments__purpose="main")
            ),
        )
        .aggregate(
            pairs=Count("pk"),
            planned=Sum("seats", default=0),
            complete=Count("pk", filter=Q(judged=F("seats"))),
        )
    )
    return CampaignJudgments(
        choices=[canonical(choice, candidate_on_left=on_left) for choice, on_left, *_ in found],
        items=[row[2] for row in found],
        clusters=[row[3] or row[2] for row in found],
        raters=[row[4] for row in found],
        candidate_on_left=[row[1] for row in found],
        seconds=[row[5] for row in found],
        planned=pairs["planned"],
        pairs=pairs["pairs"],
        pairs_complete=pairs["complete"],
        different=campaign.plan["different"],
        identical=campaign.plan["identical"],
        unpaired=campaign.plan["unpaired"],
        settled=settlement_of(campaign) if rule and closed else None,
        spent=rule.share if rule else 0.0,
    )


def _pairs(campaign: Campaign) -> QuerySet[Pair]:
    """Main pairs of the campaign's two arms: with several, the others' say nothing of these."""
    return Pair.objects.filter(
        campaign=campaign,
        kind=PairKind.MAIN,
        baseline_output__run__version=campaign.baseline_id,
        candidate_output__run__version=campaign.candidate_id,
    )

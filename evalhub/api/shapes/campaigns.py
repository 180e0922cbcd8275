"""Reviews, as programs see them: counts while they go on, results once they have ended."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from evalhub.accounts.invitations import LASTS_DAYS
from evalhub.declare.declaration import Declaration
from evalhub.declare.identities import Ground
from evalhub.declare.review import CampaignRequest
from evalhub.declare.study import Name
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.stats.preference import WinScore
from reviews.chain.identities import identities
from reviews.models import Campaign
from reviews.results.campaign_results import CampaignResults
from reviews.results.counting import use_of
from reviews.results.ended import has_ended


class OpenCampaignRequest(Declaration):
    """A review of a study's answers: of the candidate's beside the baseline's."""

    study: Name
    test_set: Name = Field(description="on whose items the two arms' answers are compared")
    plan: CampaignRequest = CampaignRequest()


class CampaignVerbRequest(Declaration):
    verb: Literal["pause", "resume", "close"]


class InviteRequest(Declaration):
    whom: str = Field(min_length=1, max_length=254, description="by mail or by user name")
    name: str = Field("", max_length=150)
    quota: int | None = Field(None, ge=1, description="comparisons, at most")
    tags: tuple[str, ...] = Field((), description="languages and skills")
    days: int = Field(LASTS_DAYS, ge=1, le=90, description="how long the invitation lasts")


class InvitedOut(ResponseBody):
    whom: str
    link: str | None = Field(
        description="for an address without an account: shown this once. Else it waits in the "
        "person's own list"
    )
    expires: datetime


class VouchRequest(Declaration):
    whom: str = Field(min_length=1, max_length=150, description="a reviewer's user name")


class OneReviewerOut(ResponseBody):
    user: str
    state: str
    judgments: int
    ground: Ground = Field(description="who answers for the person; unknown: nobody")
    counts: bool = Field(description="whether what they say counts in the verdict")


class ReviewersOut(ResponseBody):
    reviewers: tuple[OneReviewerOut, ...]

    @classmethod
    def of(cls, campaign: Campaign) -> "ReviewersOut":
        by_reviewer, all_count = identities(campaign), use_of(campaign) == "count"
        rows = campaign.reviewers.select_related("user").order_by("pk")
        return cls(
            reviewers=tuple(
                OneReviewerOut(
                    user=reviewer.user.get_username(),
                    state=reviewer.state,
                    judgments=reviewer.judged,
                    ground=by_reviewer[reviewer.pk].ground,
                    counts=all_count or by_reviewer[reviewer.pk].confirmed,
                )
                for reviewer in rows
            )
        )


class CampaignOut(ResponseBody):
    id: int
    name: str
    study: str | None
    state: str
    ended: bool = Field(description="whether its results may be read")
    judgments: int
    planned: int
    people: int
    plan_hash: str
    seal: str = Field(description="of its judgments; empty while it goes on")
    created: datetime
    url: str

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignOut":
        """From a campaign with its counts (`for_owners`)."""
        return cls(
            id=campaign.pk,
            name=campaign.name,
            study=campaign.study.slug if campaign.study else None,
            state=campaign.state,
            ended=has_ended(campaign),
            judgments=campaign.given,
            planned=campaign.asked,
            people=campaign.people,  # type: ignore[attr-defined]
            plan_hash=campaign.plan_hash,
            seal=campaign.seal,
            created=campaign.created,
            url=address("campaign", campaign.project.slug, campaign.pk),
        )


class WinScoreOut(ResponseBody):
    """Of the candidate; a tie counts half."""

    score: float
    lower: float
    upper: float
    wins: int
    losses: int
    ties: int
    both_bad: int
    items: int

    @classmethod
    def of(cls, win: WinScore, lower: float, upper: float) -> "WinScoreOut":
        return cls(
            score=win.score,
            lower=lower,
            upper=upper,
            wins=win.wins,
            losses=win.losses,
            ties=win.ties,
            both_bad=win.both_bad,
            items=win.items,
        )


class CampaignResultsOut(ResponseBody):
    judgments: int
    planned: int
    preference: WinScoreOut | None
    cautions: tuple[str, ...]
    missing: dict[str, str] = Field(description="what can't be had, and why")
    stopped_early: bool
    text: str = Field(description="all of it as Markdown, for a release note")

    @classmethod
    def of(cls, results: CampaignResults) -> "CampaignResultsOut":
        overall = results.overall
        win = WinScoreOut.of(overall.win, overall.lower, overall.upper) if overall else None
        return cls(
            judgments=results.summary.judgments,
            planned=results.summary.planned,
            preference=win,
            cautions=tuple(results.summary.cautions),
            missing=results.summary.missing,
            stopped_early=results.stopped is not None,
            text=results.text,
        )

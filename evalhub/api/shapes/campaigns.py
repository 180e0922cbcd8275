"""Reviews, as programs see them: counts while they go on, results once they have ended."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AliasPath, Field

from evalhub.accounts.invitations import LASTS_DAYS
from evalhub.declare.declaration import Declaration
from evalhub.declare.identities import Ground
from evalhub.declare.review import CampaignRequest
from evalhub.declare.study import Name
from evalhub.frames.rest.shapes import ResponseBody, address
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
    def from_campaign(cls, campaign: Campaign) -> Self:
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
    judgments: int = Field(validation_alias="given")
    planned: int = Field(validation_alias="asked")
    people: int
    plan_hash: str
    seal: str = Field(description="of its judgments; empty while it goes on")
    created: datetime
    url: str

    @classmethod
    def from_model(cls, campaign: Campaign, /, **computed: Any) -> Self:
        """From a campaign with its counts (`for_owners`)."""
        return super().from_model(
            campaign,
            study=campaign.study and campaign.study.slug,
            ended=has_ended(campaign),
            url=address("campaign", campaign.project.slug, campaign.pk),
            **computed,
        )


class WinScoreOut(ResponseBody):
    """Of the candidate; a tie counts half."""

    score: float = Field(validation_alias=AliasPath("win", "score"))
    lower: float
    upper: float
    wins: int = Field(validation_alias=AliasPath("win", "wins"))
    losses: int = Field(validation_alias=AliasPath("win", "losses"))
    ties: int = Field(validation_alias=AliasPath("win", "ties"))
    both_bad: int = Field(validation_alias=AliasPath("win", "both_bad"))
    items: int = Field(validation_alias=AliasPath("win", "items"))


class CampaignResultsOut(ResponseBody):
    judgments: int = Field(validation_alias=AliasPath("summary", "judgments"))
    planned: int = Field(validation_alias=AliasPath("summary", "planned"))
    preference: WinScoreOut | None = Field(validation_alias="overall")
    weighted: bool = Field(
        validation_alias=AliasPath("summary", "weighted"),
        description="whether win scores count each item by its weight in production",
    )
    cautions: tuple[str, ...] = Field(validation_alias=AliasPath("summary", "cautions"))
    missing: dict[str, str] = Field(
        validation_alias=AliasPath("summary", "missing"), description="what can't be had, and why"
    )
    stopped_early: bool
    text: str = Field(description="all of it as Markdown, for a release note")

    @classmethod
    def from_model(cls, results: CampaignResults, /, **computed: Any) -> Self:
        stopped = results.stopped is not None
        return super().from_model(results, stopped_early=stopped, **computed)

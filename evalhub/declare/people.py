"""Minimums for people's judgments to count, and what they must show."""

from typing import Annotated, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.defaults import ENOUGH_REVIEWERS

UnconfirmedUse = Literal["exclude", "count"]
WinScoreGain = Annotated[float, Field(ge=-0.5, le=0.5)]


class PeopleDemand(Declaration):
    """What people's judgments must show.

    Attributes:
        required: whether a ship waits for them.
        min_gain: how far above one half the win score's lower bound must be.
    """

    required: bool = Field(True, description="whether a ship waits for people")
    min_gain: WinScoreGain = Field(
        0.0,
        description="how far above one half the win score's lower bound must be; negative: people "
        "need only not mind",
    )


class PeopleFloor(Declaration):
    """What people's judgments must be to count as evidence; a min_agreement of None: no floor."""

    min_agreement: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="Gwet's AC1 among reviewers below which their judgments are no evidence",
    )
    min_reviewers: int = Field(
        ENOUGH_REVIEWERS,
        ge=1,
        description="how many people must have judged; one or two who lean ship what is no better "
        "far more often than alpha",
    )
    unconfirmed_reviewers: UnconfirmedUse = Field(
        "exclude",
        description="what judgments of people are whom nobody confirmed: left out, or counted",
    )

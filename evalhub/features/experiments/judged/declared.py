"""What judges say of a blind sample, declared once for REST and the command. Pure."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from evalhub.declare.declaration import Declaration, default_of
from evalhub.declare.margins import Measured
from evalhub.features.traffic.rows import SignalRow

MOST = 2_000
"""Answers of one draw, of both arms together, and scores that come back at once."""


class JudgedScore(Declaration):
    """What a judge says of one answer of a blind sample."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(
        description="as the sample has it"
    )
    value: Measured = Field(description="the score: 1 and 0 for good and bad, or any number")
    by: Literal["person", "code", "model"] = Field(
        default_of(SignalRow, "by"), description="who gave it"
    )


class JudgedScoresRequest(Declaration):
    scores: tuple[JudgedScore, ...] = Field(min_length=1, max_length=MOST)

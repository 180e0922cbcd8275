"""What REST takes and gives of where examples come from; commands print the same."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field

from evalhub.features.examples.sources.calls import MostPaid
from evalhub.features.examples.sources.feedback import UserFeedback
from evalhub.features.examples.sources.from_traffic import ExampleDraw
from evalhub.features.examples.sources.proposing import AskedCalls
from evalhub.features.examples.sources.traffic_query import ExampleQuery
from evalhub.frames.rest.shapes import ResponseBody


class ExampleDrawRequest(ExampleQuery):
    """Requests to draw as examples."""

    dry_run: bool = Field(False, description="say what would be drawn, and add nothing")


class SliceDrawn(ResponseBody):
    """How many examples of a slice were wanted, and how many are of it."""

    slice: str
    wanted: int
    drawn: int


class ExampleDrawOut(ResponseBody):
    """What a draw took."""

    requests: int = Field(description="that fit")
    drawn: int
    added: int = Field(description="0 where nothing was to be added")
    positive: int = Field(description="of the drawn ones, those that people found good")
    negative: int = Field(description="those that they found bad")
    edited: int = Field(description="those whose answer somebody edited: the edit is proposed")
    users: int
    needs: tuple[SliceDrawn, ...]
    left_out: dict[str, int] = Field(
        description="looked at and not drawn, by reason; what is hidden for a review isn't counted"
    )

    @classmethod
    def of(cls, draw: ExampleDraw, added: int) -> Self:
        feedback = draw.feedback
        return cls(
            requests=draw.requests,
            drawn=len(draw.examples),
            added=added,
            positive=feedback.get(UserFeedback.POSITIVE, 0),
            negative=feedback.get(UserFeedback.NEGATIVE, 0),
            edited=sum(example.edited for example in draw.examples),
            users=draw.users,
            needs=tuple(
                SliceDrawn(slice=name, wanted=wanted, drawn=drawn)
                for name, (wanted, drawn) in draw.needs.items()
            ),
            left_out=dict(draw.left_out),
        )


class MostPaidOut(ResponseBody):
    """The calls that there would be, and what they may cost at most."""

    calls: int
    tokens: int | None = Field(
        description="of prompts and answers together; null: the version's answers have no limit"
    )
    money: float | None = Field(description="null: likewise, or no price is known")
    price: str | None = Field(description="and its source")
    left_out: dict[str, int] = Field(description="inputs that wouldn't be asked, by reason")

    @classmethod
    def of(cls, most: MostPaid, left_out: Mapping[str, int]) -> Self:
        return cls(
            calls=most.calls,
            tokens=most.tokens,
            money=most.money,
            price=None if most.price is None else most.price.sentence,
            left_out=dict(left_out),
        )


class AskedCallsOut(ResponseBody):
    """What a version was asked for examples of a queue, and what became of it."""

    planned: int = Field(description="calls that were new")
    answered: int
    failed: int = Field(description="that ended in an error, and can be asked again")
    waiting: int
    examples: int = Field(description="made of the answers: each waits for people")
    left_out: dict[str, int] = Field(description="answers that made no example, by reason")
    inputs_left_out: dict[str, int] = Field(description="inputs that weren't asked, by reason")
    errors: dict[str, int] = Field(description="failed calls by their error")
    cost: float | None = Field(description="of all these calls; null: no price is known")

    @classmethod
    def of(cls, asked: AskedCalls) -> Self:
        return cls.from_model(asked)

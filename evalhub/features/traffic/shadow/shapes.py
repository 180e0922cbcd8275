"""Samples of traffic as programs read them."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import Field, JsonValue

from evalhub.declare.declaration import Declaration, validate
from evalhub.features.traffic.shadow.drawing import DrawnSample
from evalhub.features.traffic.shadow.power import stored_power
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import TrafficSample


class StratumOut(Declaration):
    """A stratum: its requests, how many were drawn, and for how many one of them stands."""

    name: str
    requests: int
    drawn: int
    weight: float


class SamplePowerOut(Declaration):
    """What the sample can show at a planned gain."""

    gain: float
    needed: int = Field(description="items of equal weight, of users like these")
    power: float
    sentences: tuple[str, ...]


class LargeUser(Declaration):
    """A user who has more than a fifth of a sample."""

    user_hash: str
    share: float


class SampleOut(ResponseBody):
    """How a version was drawn from production's requests."""

    test_set: str
    version: int
    items: int
    model: str = Field(description="under which the requests were served")
    model_version: str | None = Field(description="null: nobody has said which it is")
    requests: int = Field(description="that it was drawn from")
    drawn: int
    seen_before: int = Field(description="requests that ask what a sample has asked already")
    left_out: dict[str, int] = Field(description="drawn requests that make no item, by reason")
    strata: tuple[StratumOut, ...]
    effective_n: float
    users: int
    largest_user: float = Field(description="share of the weight that one user has at most")
    asked_again: int = Field(
        description="items that the baseline has to be asked again in a replay: masked ones, which "
        "stand beside a mirror's answers, and those without a whole answer"
    )
    power: SamplePowerOut
    query: JsonValue
    created: datetime
    url: str = Field(description="of the test set's version")

    @classmethod
    def from_model(cls, sample: TrafficSample, /, **computed: Any) -> Self:
        version = sample.version
        test_set = version.test_set
        gain = validate(SampleQuery, sample.query).planned_gain
        power = stored_power(sample, gain=gain)
        return super().from_model(
            sample,
            test_set=test_set.slug,
            version=version.number,
            items=version.item_count,
            model=sample.model_name,
            model_version=sample.model_version and str(sample.model_version),
            strata=[_stratum(row) for row in sample.strata],
            power=SamplePowerOut(
                gain=gain,
                needed=power.needed or 0,
                power=power.power,
                sentences=power.sentences,
            ),
            url=address("test_set_version", test_set.project.slug, test_set.slug, version.number),
            **computed,
        )


class DrawnSampleOut(SampleOut):
    """A sample that was just drawn, with the users who have much of it."""

    large_users: tuple[LargeUser, ...]
    texts_until: date = Field(
        description="the last day on which the project keeps all of its texts: a review that isn't "
        "open by then has fewer items"
    )

    @classmethod
    def from_drawn(cls, drawn: DrawnSample) -> Self:
        users = [
            LargeUser(user_hash=user, share=share) for user, share in drawn.large_users.items()
        ]
        return cls.from_model(drawn.sample, large_users=users, texts_until=drawn.texts_until)


def _stratum(row: dict[str, Any]) -> StratumOut:
    return StratumOut(**row, weight=row["requests"] / row["drawn"])

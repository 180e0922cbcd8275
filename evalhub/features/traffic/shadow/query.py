"""Which requests a sample is drawn from, and how. Pure."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.defaults import PLANNED_GAIN
from evalhub.declare.policy import PlannedGain
from evalhub.declare.study import Name
from evalhub.features.traffic.rows import LONGEST_ID, LONGEST_NAME, Count

Stratum = Literal["language", "route", "arm"]
Text = Annotated[str, Field(max_length=LONGEST_NAME)]
UNKNOWN = "unknown"
"""How a slice is called of requests of which it isn't known."""


class RequestFilter(Declaration):
    """Filters: a request must fit all that aren't empty."""

    model: str = Field("", max_length=LONGEST_ID, description="the name under which it was served")
    route: Text = ""
    tag: Text = ""
    language: Text = Field("", description=f"as in de; {UNKNOWN}: none was detected")
    arm: Text = Field("", description="of an experiment")
    error: Text = Field("", description="the class of its error")


class SampleQuery(Declaration):
    """A random sample of requests whose texts are stored, to become a version of a test set."""

    since: AwareDatetime = Field(description="of the first request, with its offset from UTC")
    until: AwareDatetime | None = Field(None, description="of the last; null: now")
    n: int = Field(ge=2, le=20_000, description="requests to draw")
    by: tuple[Stratum, ...] = Field((), description="strata: each is drawn from by itself")
    allocation: Literal["proportional", "equal"] = Field(
        "proportional",
        description="strata in proportion to their requests, or equally many of each",
    )
    where: RequestFilter = RequestFilter()
    seed: Count = Field(1, description="of the draw")
    test_set: Name = Field("traffic", description="of which it becomes the next version")
    planned_gain: PlannedGain = PLANNED_GAIN
    edited_references: bool = Field(
        False,
        description="whether an answer that a person edited is the item's reference: it leans to "
        "the baseline, and may be no primary or guard",
    )

    def ending(self, now: AwareDatetime) -> Self:
        """The same with an end, so that it says of which time the requests are."""
        return self if self.until else self.model_copy(update={"until": now})

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until is not None and self.until <= self.since:
            raise invalid("lies before since", "until")
        return self

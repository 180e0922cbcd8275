"""Sections of a record that ask somebody to look: gains beyond belief, a policy that changed."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from evalhub.declare.criteria import Count
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.policy import JumpUse
from evalhub.declare.sections import CleanRow, Digest, Section


class JumpRow(Declaration):
    """A criterion that is shown to gain more than is believed.

    Attributes:
        limit: the gain beyond which it isn't: the policy's `largest_gain`, or a guard's margin.
        lower: the interval's lower end, which lies beyond it.
    """

    name: str
    limit: float
    difference: float
    lower: float


class MissRow(Declaration):
    """A gain that isn't shown without the items of which an extraction pattern found nothing.

    Attributes:
        baseline, candidate: such answers, by arm.
        without: the criterion on the other items; null: none is left.
    """

    name: str
    test_set: str
    baseline: Count
    candidate: Count
    without: CleanRow | None


class JumpsSection(Section):
    """Gains beyond belief, as a broken extractor or a leak gives them."""

    rule: JumpUse
    beyond: tuple[JumpRow, ...]
    misses: tuple[MissRow, ...]


class ChangedDemand(Declaration):
    """A field of the policy that asks otherwise, and what that does to a verdict."""

    field: str
    was: JsonValue
    now: JsonValue
    effect: Literal["easier", "stricter", "incomparable", "decides-nothing"]


class PolicySection(Section):
    """What the policy asks otherwise than the last one that judged these items.

    Attributes:
        decision: of the decision that was made by that one.
        decided: when, as ISO 8601 has it.
    """

    decision: Annotated[str, HOME_BOUND] = Digest
    decided: Annotated[str, HOME_BOUND]
    changes: tuple[ChangedDemand, ...] = Field(min_length=1)

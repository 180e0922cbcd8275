"""What a policy asks on one test set by one metric, and the fields that a whole policy has.

The policy itself is `evalhub.decision.policy.Policy`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from evalhub.declare.declaration import Declaration, invalid, validate
from evalhub.declare.defaults import MARGIN, MOST_ALPHA
from evalhub.declare.margins import Margin, Measured, RelativeMargin
from evalhub.declare.measured_on import (
    Bounds,
    ExpectedItems,
    Mix,
    beyond,
)
from evalhub.declare.roles import DemandRole, TestSetRole, not_for
from evalhub.declare.tails import BoundedTails
from evalhub.io.numbers import LARGEST

Tier = Literal["critical", "supporting", "advisory"]
Primaries = Literal["all-of", "any-of"]
LedgerScope = Literal["primaries", "all", "off"]
LedgerPlace = Literal["home", "server"]
LeakageUse = Literal["judge", "report", "off"]
FailureUse = Literal["invalid", "worst"]
JumpUse = Literal["hold", "report", "off"]

PRIMARIES: Primaries = "all-of"
"""What a policy asks of its primaries where it says nothing."""
LEDGER: LedgerScope = "primaries"
"""What pays for a look where a policy says nothing."""

LONGEST_NAME = 120
LONGEST_UNIT = 40
Named = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Alpha = Annotated[
    float,
    Field(
        gt=0,
        le=MOST_ALPHA,
        description="one-sided level of the end of every interval that must pass its bound",
    ),
]
HarmAlpha = Annotated[
    float,
    Field(
        gt=0,
        le=MOST_ALPHA,
        description="one-sided level of the other end, by which a criterion fails: whole for each "
        "criterion, whatever the ledger leaves of alpha",
    ),
]
MinGain = Annotated[
    Measured,
    Field(
        ge=-LARGEST,
        le=LARGEST,
        description="gain that a primary must pass, in the metric's own unit",
    ),
]
PlannedGain = Annotated[
    Measured,
    Field(gt=0, le=LARGEST, description="gain beyond min_gain that is to be detected, above 0"),
]
MaxRatio = Annotated[
    Measured,
    Field(gt=0, le=LARGEST, description="what candidate/baseline must stay below, such as 1.2"),
]
NoiseFloor = Annotated[
    bool,
    Field(description="whether effects are shown against a second run of the baseline"),
]


def _of_its_role(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a demand that its role uses."""
    others = [name for name in values if not_for(values["role"], name)]
    margins = {"relative_margin" if values["relative_margin"] is None else "margin"}
    unsaid = [name for name in ("mix", "bounds", "items", "tails") if values[name] is None]
    left_out = {*others, *margins, *unsaid}
    return {name: value for name, value in values.items() if name not in left_out}


class Demand(Declaration):
    """What must hold on one test set by one metric. Written without what its role has no use for.

    Attributes:
        role: a primary must gain more than `min_gain`; a guard must not lose `margin` or more; a
            development set is read freely and asks for nothing.
        relative_margin: stands in for `margin`, as a share of the baseline's mean.
        tier: of a guard. "critical": a ship needs it shown; "supporting": holds where it fails,
            doubt doesn't; "advisory": reported, decides nothing. A primary is critical.
        planned_gain: None: the policy's.
        mix: None: every item counts alike.
        bounds: None: the metric's own, where it has some.
        items: None: whatever items there are.
        tails: None: limits rest on what was seen.
    """

    role: TestSetRole = Field(
        description="primary: must gain more than min_gain; guard: must not lose margin or more; "
        "development: read freely, never judged"
    )
    margin: Margin = MARGIN
    relative_margin: RelativeMargin | None = None
    tier: Tier = Field(
        "critical",
        description="critical: a ship needs it shown; supporting: holds where it fails, doubt "
        "doesn't; advisory: reported, decides nothing",
    )
    min_gain: MinGain = 0.0
    planned_gain: PlannedGain | None = None
    mix: Mix | None = None
    bounds: Bounds | None = None
    items: ExpectedItems | None = Field(
        None, description="the items that are expected: others are no evidence"
    )
    tails: BoundedTails = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> "Demand":
        for name in self.model_fields_set:
            why = not_for(self.role, name)
            if why is not None and getattr(self, name) is not None:
                raise invalid(why, name)
        if "margin" in self.model_fields_set and self.relative_margin is not None:
            raise invalid("stands in for margin: give one of the two", "relative_margin")
        if self.bounds is not None:
            self.check_range(self.bounds)
        return self

    def check_range(self, bounds: tuple[float, float]) -> None:
        """Refuse a difference that no scores within `bounds` can reach."""
        for name in ("margin", "min_gain", "planned_gain"):
            if name in self.model_fields_set and (why := beyond(bounds, getattr(self, name))):
                raise invalid(why, name)

    @model_serializer(mode="wrap")
    def _write_role_fields(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _of_its_role(write(self))

    def columns(self) -> dict[str, Any]:
        """Every field of a demand as a database row has it, for `of_columns`."""
        return {name: getattr(self, name) for name in Demand.model_fields} | {
            "bounds": None if self.bounds is None else list(self.bounds),
            "items": None if self.items is None else self.items.as_json(),
        }

    @classmethod
    def of_columns(cls, values: Mapping[str, Any]) -> Self:
        """The demand from a database row, which has a JSON value for every field. Older rows with a
        margin of 0 are read, too."""
        if values["margin"] or values["role"] != "guard" or values["relative_margin"] is not None:
            return validate(cls, _of_its_role(values))
        read = validate(cls, _of_its_role({**values, "margin": MARGIN}))
        return read.model_copy(update={"margin": 0.0})


class PolicyCriterion(Demand):
    """A demand of a policy document, by its name there.

    Attributes:
        test_set: whose items; None, and never in a policy that was read: the criterion's name.
        higher_is_better: false for error rates, lengths, losses.
    """

    role: DemandRole = Field(
        description="primary: must gain more than min_gain; guard: must not lose margin or more"
    )
    test_set: Named | None = None
    metric: Named = "score"
    higher_is_better: bool = Field(True, description="false for error rates, lengths, losses")
    unit: str = Field(
        "",
        max_length=LONGEST_UNIT,
        description="what the metric counts, such as words: for the sentences; empty: nothing",
    )

    @model_validator(mode="after")
    def _has_a_margin(self) -> "PolicyCriterion":
        if self.role == "guard" and not {"margin", "relative_margin"} & self.model_fields_set:
            raise invalid("a guard needs a margin, or a relative_margin")
        return self

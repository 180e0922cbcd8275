"""The policy: what must hold for a ship, and how sure a verdict must be.

A policy is a document of its own (`evalhub.policy/1`, see docs/reference/policy.md). Its study-wide
part is a part of every study file too.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, TypedDict, cast

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
    with_config,
)

from evalhub.declare.answers_rule import AnswersRule
from evalhub.declare.declaration import Declaration, default_of, invalid, validate
from evalhub.declare.defaults import MARGIN, MOST_ALPHA, PLANNED_GAIN
from evalhub.declare.margins import Margin, Measured, RelativeMargin
from evalhub.declare.measured_on import (
    NO_TAIL,
    NO_WORST,
    Bounds,
    ExpectedItems,
    Mix,
    beyond,
    check_criterion_names,
)
from evalhub.declare.people import PeopleDemand, PeopleFloor
from evalhub.declare.roles import DemandRole, TestSetRole, not_for
from evalhub.declare.tails import BoundedTails
from evalhub.io.numbers import LARGEST
from evalhub.stats.levels import ALPHA, HARM_ALPHA

CostName = Literal["latency", "latency_p95", "cost"]
Tier = Literal["critical", "supporting", "advisory"]
Primaries = Literal["all-of", "any-of"]
LedgerScope = Literal["primaries", "all", "off"]
LedgerPlace = Literal["home", "server"]
LeakageUse = Literal["judge", "report", "off"]
FailureUse = Literal["invalid", "worst"]
JumpUse = Literal["hold", "report", "off"]

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


def check_critical(demands: "Iterable[Tiered]", asks_people: bool, at: str) -> None:
    """Refuse, in the field `at`, demands of which none is critical: anything would ship."""
    if not asks_people and all(each.tier != "critical" for each in demands):
        raise invalid(
            "nothing here is critical, so that anything would ship: give a primary, or make a "
            "guard critical (leave out its tier)",
            at,
        )


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


class Budget(Declaration):
    """What a candidate may cost beside the baseline.

    Attributes:
        test_set: on whose items; None: the first primary's.
    """

    max_ratio: MaxRatio
    tier: Tier = default_of(Demand, "tier")
    test_set: Named | None = Field(
        None, description="the test set whose items are used; default: the first primary's"
    )


class OwnershipBudget(Declaration):
    """What a candidate must save a month, by all that it costs.

    Attributes:
        test_set: on whose items requests are priced; None: the first primary's.
    """

    net_monthly_min: Measured = Field(
        0.0,
        ge=-LARGEST,
        le=LARGEST,
        description="what must be saved a month at least: the present bill less the candidate's "
        "serving, upkeep and retraining",
    )
    traffic: Measured = Field(gt=0, le=LARGEST, description="requests a month")
    tier: Tier = default_of(Demand, "tier")
    test_set: Named | None = Field(
        None,
        description="the test set whose items price requests; default: the first primary's",
    )


Tiered = Demand | Budget | OwnershipBudget
"""What a ship may have to show."""


@with_config(ConfigDict(extra="forbid"))
class Budgets(TypedDict, total=False):
    """By name, what may be spent."""

    latency: Budget
    latency_p95: Budget
    cost: Budget
    ownership: OwnershipBudget


class PreferenceRule(PeopleDemand, PeopleFloor):
    """Requirements of people's judgments.

    Attributes:
        planned_gain: the gain beyond `min_gain` to be detected; None: the policy's.
    """

    planned_gain: PlannedGain | None = None


class Rule(AnswersRule):
    """How sure a verdict must be, and what counts in it.

    Attributes:
        primaries: whether all of them must gain, or one is enough and none may be harmed.
        alpha: one-sided level of the end that must pass, of which the ledger leaves a part.
        harm_alpha: one-sided level of the end by which a criterion fails, whole for each.
        planned_gain: gain beyond a primary's min_gain that is to be detected, where it names none.
        ledger: whose level the k-th candidate on a test set pays with.
        ledger_at: "server": only a home that is a server's may decide.
        leakage: "judge": the verdicts on all items and on the clean ones must agree;
            "report": it is said only.
        failures: "invalid": no verdict rests on them; "worst": an answer that failed scores the
            metric's worst, and the result without its item stands beside.
    """

    primaries: Primaries = Field(
        "all-of",
        description="whether every primary must gain, or one is enough and none may be harmed",
    )
    alpha: Alpha = ALPHA
    harm_alpha: HarmAlpha = HARM_ALPHA
    planned_gain: PlannedGain = PLANNED_GAIN
    budgets: Budgets = Field(
        cast("Budgets", {}),
        description="what a candidate may cost beside the baseline: by the mean of its latency or "
        "cost, or by the 95% quantile of its latency; and what owning it must save a month",
    )
    ledger: LedgerScope = Field(
        "primaries",
        description="what the k-th candidate on a test set pays with: its primaries' level, every "
        "criterion's, or nothing",
    )
    ledger_at: LedgerPlace = Field(
        "home",
        description="whose ledger counts the looks: that of the home where it is decided, or a "
        "server's alone: then a decision anywhere else is refused",
    )
    leakage: LeakageUse = Field(
        "judge",
        description="whether items that were trained on decide, are only said, or aren't looked "
        "for",
    )
    failures: FailureUse = Field(
        "invalid",
        description="what answers that failed for good make of the evidence: invalid, or the "
        "worst score that the metric has",
    )
    jumps: JumpUse = Field(
        "report",
        description="whether a gain beyond belief holds a ship back, is only said, or isn't looked "
        "for",
    )
    largest_gain: dict[Named, PlannedGain] = Field(
        {},
        description="by criterion, the gain beyond which a result isn't believed; a guard's margin "
        "where none is said",
    )

    @property
    def all_budgets(self) -> dict[str, Budget | OwnershipBudget]:
        """All budgets by name."""
        return cast("dict[str, Budget | OwnershipBudget]", dict(self.budgets))


class Policy(Rule):
    """What must hold for a candidate to ship, and how sure a verdict must be."""

    schema_: Literal["evalhub.policy/1"] = Field(alias="schema")
    preference: PreferenceRule | None = Field(
        None, description="what is asked of people's judgments; null: nobody is asked"
    )
    noise_floor: NoiseFloor = False
    criteria: dict[Named, PolicyCriterion] = Field(min_length=1)

    @field_validator("criteria")
    @classmethod
    def _with_test_sets(
        cls, criteria: dict[str, PolicyCriterion], info: ValidationInfo
    ) -> dict[str, PolicyCriterion]:
        measured: dict[tuple[str, str, str], str] = {}
        completed: dict[str, PolicyCriterion] = {}
        for name, criterion in criteria.items():
            if name in info.data.get("budgets", {}):
                raise invalid("is the name of a budget: choose another", name)
            test_set = criterion.test_set or name
            first = measured.setdefault((criterion.role, test_set, criterion.metric), name)
            if first != name:
                raise invalid(
                    f"is criterion {first!r} again: {criterion.metric} on {test_set}, "
                    f"as a {criterion.role}",
                    name,
                )
            completed[name] = criterion.model_copy(update={"test_set": test_set})
        return completed

    @model_validator(mode="after")
    def _something_is_critical(self) -> "Policy":
        demands: list[Tiered] = [*self.criteria.values(), *self.all_budgets.values()]
        asks_people = self.preference is not None and self.preference.required
        check_critical(demands, asks_people, "criteria")
        return self

    @model_validator(mode="after")
    def _gains_are_of_criteria(self) -> "Policy":
        check_criterion_names(self.largest_gain, self.criteria, "largest_gain")
        return self

    @model_validator(mode="after")
    def _failures_have_a_score(self) -> "Policy":
        for name, criterion in self.criteria.items() if self.failures == "worst" else ():
            if criterion.bounds is None:
                raise invalid(NO_WORST.format(criterion.metric), "criteria", name, "bounds")
        return self

    @model_validator(mode="after")
    def _tails_have_an_end(self) -> "Policy":
        for name, criterion in self.criteria.items():
            if criterion.tails is not None and criterion.bounds is None:
                raise invalid(NO_TAIL.format(criterion.metric), "criteria", name, "bounds")
        return self

    @model_validator(mode="after")
    def _budgets_are_measured(self) -> "Policy":
        if not any(each.role == "primary" for each in self.criteria.values()):
            for name, budget in self.all_budgets.items():
                if budget.test_set is None:
                    raise invalid(
                        "say its test_set: there is no primary to measure it on", "budgets", name
                    )
        return self

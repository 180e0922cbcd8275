"""What owning a model costs, as somebody says it: development, training, data, serving, upkeep.

An amount is a number or a range [low, high]; a range says how well it is known. What nobody says
isn't known, and is never taken for 0.
"""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from evalhub.declare.currencies import Currency
from evalhub.declare.declaration import Declaration, invalid

MOST = 1e12
HOURS_A_MONTH = 730
"""All of a month's: 24 · 365 / 12."""


def _ends(value: Any) -> tuple[float, float]:
    ends = value if isinstance(value, (list, tuple)) else [value, value]
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in ends)
    if len(ends) != 2 or not numbers:
        raise invalid(f"a number is needed, or a range [low, high], not {value!r}")
    low, high = (float(each) for each in ends)
    if not (math.isfinite(low) and math.isfinite(high)) or max(abs(low), abs(high)) > MOST:
        raise invalid(f"must be {MOST:g} at most, not {value!r}")
    if low < 0:
        raise invalid(f"must be 0 or more, not {value!r}")
    if low > high:
        raise invalid(f"a range goes from its low end to its high one, not {value!r}")
    return low, high


def _above_zero(value: Any) -> tuple[float, float]:
    ends = _ends(value)
    if ends[0] <= 0:
        raise invalid(f"must be above 0, not {value!r}")
    return ends


def _number_or_pair(ends: tuple[float, float]) -> float | list[float]:
    return ends[0] if ends[0] == ends[1] else [*ends]


def _schema(limit: str) -> WithJsonSchema:
    number: dict[str, Any] = {"type": "number", limit: 0}
    pair = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    return WithJsonSchema({"anyOf": [number, pair]})


Amount = Annotated[
    tuple[float, float],
    BeforeValidator(_ends),
    PlainSerializer(_number_or_pair),
    _schema("minimum"),
]
"""A number of 0 or more, or a range [low, high] of such; kept as its two ends."""
AboveZero = Annotated[
    tuple[float, float],
    BeforeValidator(_above_zero),
    PlainSerializer(_number_or_pair),
    _schema("exclusiveMinimum"),
]
"""The same, above 0."""
GpuName = Annotated[str, Field(min_length=1, max_length=120)]


class Stated(Declaration):
    """Of which nothing is written that nobody said."""

    @model_serializer(mode="wrap")
    def _without_unstated(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = dump(self)
        return {name: value for name, value in document.items() if value not in (None, {})}


class PaidWork(Stated):
    """What people do, once: hours at a rate, or a bill."""

    bill: Amount | None = Field(None, description="what it cost in all; stands in for the rest")
    hours: Amount | None = Field(None, description="hours of work")
    examples: Amount | None = Field(None, description="examples that were made, in place of hours")
    an_hour: AboveZero | None = Field(None, description="examples an hour")
    rate: Amount | None = Field(None, description="what an hour of work costs")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        parts = ("hours", "examples", "an_hour", "rate")
        if self.bill is not None:
            for name in parts:
                if getattr(self, name) is not None:
                    raise invalid("bill stands in for it: give one of the two", name)
            return self
        if self.rate is None:
            raise invalid("missing: say what an hour costs, or a bill", "rate")
        stated = self.examples is not None, self.an_hour is not None
        if self.hours is not None and any(stated):
            raise invalid("stands in for examples and an_hour: give one of the two", "hours")
        if self.hours is None and not all(stated):
            lacking = "hours" if not any(stated) else "an_hour" if stated[0] else "examples"
            raise invalid("missing: say hours, or examples and how many an_hour", lacking)
        return self


class DevelopmentCosts(Stated):
    """What it took to develop an arm at first, once: a bill, or person-days at a rate."""

    bill: Amount | None = Field(None, description="what it cost in all; stands in for the rest")
    person_days: Amount | None = Field(None, description="days of one person's work")
    rate: Amount | None = Field(None, description="what a day of work costs")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _bill_stands_alone(self, "bill", ("person_days", "rate"))
        if self.bill is None:
            for name in ("person_days", "rate"):
                if getattr(self, name) is None:
                    raise invalid("missing: say person_days and rate, or a bill", name)
        return self


class Machines(Stated):
    """GPUs for some hours, at a price."""

    gpu: GpuName | None = Field(
        None, description="what is rented, as the table of GPU prices names it"
    )
    gpus: int | None = Field(None, ge=1, le=100_000, description="how many of them; 1 if unsaid")
    price: Amount | None = Field(
        None, description="what one of them costs an hour; in place of the table's price"
    )


class TrainingCosts(Machines):
    """The cost of the candidate's training; missing fields come from its training record."""

    bill: Amount | None = Field(None, description="what it cost in all; stands in for the rest")
    hours: Amount | None = Field(None, description="hours that the GPUs were rented for")

    @model_validator(mode="after")
    def _bill_alone(self) -> Self:
        return _bill_stands_alone(self, "bill", ("gpu", "gpus", "price", "hours"))


class ServingCosts(Machines):
    """What an arm costs a month: a bill, GPUs, or else tokens at the arm's price."""

    monthly: Amount | None = Field(None, description="a month's bill; stands in for the rest")
    hours: Amount | None = Field(
        None, description=f"hours a month that the GPUs run; {HOURS_A_MONTH} if unsaid: always"
    )
    prompt_tokens: Amount | None = Field(
        None, description="expected length of a prompt; in place of that of the study's prompts"
    )
    completion_tokens: Amount | None = Field(
        None, description="expected length of an answer; in place of that of the arm's answers"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        tokens = ("prompt_tokens", "completion_tokens")
        hosted = ("gpu", "gpus", "price", "hours")
        _bill_stands_alone(self, "monthly", (*hosted, *tokens))
        if self.on_gpus:
            for name in tokens:
                if getattr(self, name) is not None:
                    raise invalid("GPUs are paid by the hour: leave it out", name)
            if self.gpu is None and self.price is None:
                raise invalid("missing: say which gpu, or its price an hour", "gpu")
        return self

    @property
    def on_gpus(self) -> bool:
        """Whether GPUs are paid for, and no tokens."""
        return any(each is not None for each in (self.gpu, self.gpus, self.price, self.hours))

    @property
    def has_lengths(self) -> bool:
        """Whether requests of another length are expected than the study's."""
        return self.prompt_tokens is not None or self.completion_tokens is not None


class EvaluationCosts(Stated):
    """What this study cost, where it isn't measured."""

    tokens: Amount | None = Field(
        None, description="what the answers and judges cost in all; in place of what was measured"
    )
    reviewer_rate: Amount | None = Field(None, description="what an hour of a reviewer costs")


class Upkeep(Stated):
    """What looking after the candidate takes a month: a bill, or hours at a rate."""

    monthly: Amount | None = Field(None, description="a month's bill; stands in for the rest")
    hours: Amount | None = Field(None, description="hours of work a month")
    rate: Amount | None = Field(None, description="what an hour of work costs")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _bill_stands_alone(self, "monthly", ("hours", "rate"))
        if self.monthly is None:
            for name in ("hours", "rate"):
                if getattr(self, name) is None:
                    raise invalid("missing: say hours and rate, or what it costs monthly", name)
        return self


class Retraining(Stated):
    """How often the candidate is retrained, and the cost each time."""

    times_a_year: Amount
    cost: Amount | None = Field(
        None, description="of each; if unsaid as much as this time: training, data and evaluation"
    )


class Ownership(Stated):
    """What owning the candidate costs, beside what its study measured and its record says."""

    currency: Currency | None = Field(
        None, description="of all amounts here; by default that of the table of prices"
    )
    traffic: AboveZero | None = Field(None, description="requests a month that are expected")
    development: dict[str, DevelopmentCosts] = Field(
        {}, description="by arm: what its initial development cost, once"
    )
    training: TrainingCosts | None = None
    data: dict[Annotated[str, Field(min_length=1, max_length=80)], PaidWork] | None = Field(
        None, description="work on the training data, by a name such as generated or reviewed"
    )
    evaluation: EvaluationCosts = EvaluationCosts()
    serving: dict[str, ServingCosts] = Field({}, description="by arm")
    upkeep: Upkeep | None = None
    retraining: Retraining | None = None

    def overlaid_with(self, other: "Ownership | None") -> "Ownership":
        """This statement with `other`'s parts in place of its own; development and serving are
        replaced arm by arm."""
        if other is None:
            return self
        stated = other.model_fields_set & set(Ownership.model_fields)
        changes = {name: getattr(other, name) for name in stated}
        for by_arm in changes.keys() & {"development", "serving"}:
            changes[by_arm] = {**getattr(self, by_arm), **getattr(other, by_arm)}
        return self.model_copy(update=changes)


class CostAssumptions(Ownership):
    """A file of assumptions, to be tried out beside what a study says."""

    schema_: Literal["evalhub.ownership/1"] = Field(alias="schema")


def _bill_stands_alone[T: Declaration](declaration: T, bill: str, others: tuple[str, ...]) -> T:
    """Refuse figures that the bill replaces."""
    if getattr(declaration, bill) is not None:
        for name in others:
            if getattr(declaration, name) is not None:
                raise invalid(f"{bill} stands in for it: give one of the two", name)
    return declaration

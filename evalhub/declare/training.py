"""A training record: statements on how a version was trained.

It is kept as it was handed in, since it is part of what a version is known by: a field that becomes
known here makes no other version of an old record. `CheckedTraining` is what doors take: the fields
that have a name are checked, others stay. `TrainingRecord.fields_with_names` reads
the same of any record, also of one from before a field had a name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from evalhub.declare.currencies import Currency
from evalhub.declare.declaration import Declaration, Path, flaws_of, invalid, validate
from evalhub.declare.outside import Outside
from evalhub.declare.version import KeylessDeclaration

MOST_POINTS = 10_000
"""Of a curve of losses."""
LAST_STEP = 1_000_000_000_000
_DATA = "file of training rows, relative to this file, to be compared with the test sets"
_HASHES = "file of fingerprints of the training rows, in place of data"
_EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


def _number(value: Any) -> Any:
    """A number; YAML 1.1 reads 2e-4, the usual form of a learning rate, as text."""
    return float(value) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def _points(curve: Any) -> Any:
    """A curve's points (step, value); values alone get the steps 1, 2, …"""
    if not isinstance(curve, list | tuple):
        raise invalid(f"a list of [step, value] is needed, not {_quote(curve)}")
    if len(curve) > MOST_POINTS:
        raise invalid(f"is too long: {MOST_POINTS:,} points at most, not {len(curve):,}")
    alone = all(not isinstance(each, list | tuple) for each in curve)
    points = [list(each) for each in enumerate(curve, start=1)] if alone else curve
    before = 0.0
    for at, point in enumerate(points):
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise invalid(f"[step, value] is needed, not {_quote(point)}", at)
        step, value = point
        path = (at,) if alone else (at, 1)
        if not _is_number(step) or not 0 <= step <= LAST_STEP:
            raise invalid(f"a step, 0 to {LAST_STEP:,}, is needed, not {_quote(step)}", at, 0)
        if step < before:
            raise invalid(f"step {step:g} stands after step {before:g}: no step goes back", at, 0)
        if value is not None and not _is_number(value):
            raise invalid(
                f"a number is needed, not {_quote(value)}; where a loss was none, null", *path
            )
        before = step
    return tuple(map(tuple, points))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _amount_alone(value: Any) -> Any:
    return {"amount": value} if _is_number(value) else value


def _gpu_alone(value: Any) -> Any:
    return {"gpu": value} if isinstance(value, str) else value


NotNegative = Annotated[float, Field(ge=0), BeforeValidator(_number)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_number)]
Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1), BeforeValidator(_number)]
Curve = Annotated[tuple[tuple[float, float | None], ...], BeforeValidator(_points)]
"""(step, value) in the order of steps; None where a loss was no number."""
RowsFile = Annotated[str, Field(min_length=1), Outside("file")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Hyperparameters(Declaration, extra="allow"):
    """The training's hyperparameters, by transformers' names."""

    learning_rate: NotNegative | None = Field(None, description="the highest, after warming up")
    num_train_epochs: NotNegative | None = Field(None, description="times through the data")
    max_steps: int | None = Field(
        None, ge=-1, description="optimizer steps at most, in place of epochs; -1 is none"
    )
    per_device_train_batch_size: Count | None = Field(
        None, description="examples that one device sees at a time"
    )
    gradient_accumulation_steps: Count | None = Field(
        None, description="such batches that one step of the optimizer adds up"
    )
    total_train_batch_size: Count | None = Field(
        None, description="examples of a step, all devices together, where that is known"
    )
    lr_scheduler_type: str | None = Field(None, description="how the learning rate falls")
    warmup_ratio: Share | None = Field(None, description="part that warms up")
    warmup_steps: NotNegative | None = Field(None, description="steps that warm up")
    weight_decay: NotNegative | None = Field(None, description="pull of the weights to zero")
    max_length: Count | None = Field(None, description="tokens of an example, at most")
    seed: Whole | None = Field(None, description="of the training")
    data_seed: Whole | None = Field(None, description="of the order of the data")


class Adapter(Declaration, extra="allow"):
    """The adapter's shape, by the names that PEFT has for it."""

    r: Count | None = Field(None, description="rank")
    lora_alpha: Positive | None = Field(None, description="scale: alpha / r")
    lora_dropout: Share | None = Field(None, description="part that is left out")
    target_modules: str | tuple[str, ...] | None = Field(
        None, description="layers that have an adapter"
    )
    use_rslora: bool | None = Field(None, description="the scale is alpha / √r")
    use_dora: bool | None = Field(None, description="direction and size are trained apart")


class Hardware(Declaration, extra="allow"):
    """What it ran on."""

    gpu: str | None = Field(None, max_length=200, description="its kind, as A100-80GB")
    gpus: Whole | None = Field(None, le=1_000_000, description="how many of them")


class TrainingCost(Declaration, extra="allow"):
    """What it cost, as somebody says."""

    amount: NotNegative = Field(description="of money")
    currency: Currency | None = Field(None, description="its code, as EUR")
    source: str = Field("", max_length=500, description="where that is known from, in words")


class TrainingFields(Declaration, extra="allow"):
    """The fields of a training record that have a name; others are kept as they are."""

    method: str | None = Field(
        None, max_length=200, description="lora, qlora, full, distilled, dpo, …"
    )
    base_model: str | None = Field(
        None, max_length=500, description="the model that it began as, by its name at the hub"
    )
    data: RowsFile | None = Field(None, description=_DATA)
    hashes: RowsFile | None = Field(None, description=_HASHES)
    objective: str | None = Field(
        None, max_length=200, description="what it learns from: sft, dpo, grpo, …"
    )
    datasets: tuple[str, ...] | None = Field(None, description="names of its data sets")
    dataset_sha256: Sha256 | None = Field(None, description="SHA-256 of the training rows")
    validation_sha256: Sha256 | None = Field(None, description="SHA-256 of the validation rows")
    examples: Whole | None = Field(None, description="training examples")
    validation_examples: Whole | None = Field(None, description="validation examples")
    data_tokens: Whole | None = Field(None, description="tokens of the training examples")
    tokens_seen: Whole | None = Field(None, description="tokens read in all epochs together")
    hyperparameters: Hyperparameters = Hyperparameters()
    adapter: Adapter = Adapter()
    losses: Curve = Field((), description="training loss, as [[step, value], …]")
    eval_losses: Curve = Field((), description="validation loss, as [[step, value], …]")
    learning_rate_logged: NotNegative | None = Field(
        None, description="the highest that was logged, where what it was told isn't known"
    )
    hardware: Annotated[Hardware, BeforeValidator(_gpu_alone)] = Hardware()
    hours: NotNegative | None = Field(None, description="hours by the clock")
    seconds: NotNegative | None = Field(None, description="the same in seconds, without hours")
    cost: Annotated[TrainingCost, BeforeValidator(_amount_alone)] | None = None
    checkpoint: str | None = Field(None, max_length=500, description="which of its checkpoints")
    step: Whole | None = Field(None, description="the checkpoint's step of the optimizer")
    epoch: NotNegative | None = Field(None, description="times through the data by then")

    @property
    def wall_hours(self) -> float | None:
        """Wall-clock hours, from `hours` or else from `seconds`."""
        if self.hours is not None:
            return self.hours
        return None if self.seconds is None else self.seconds / 3600

    @property
    def batch(self) -> int | None:
        """Examples per optimizer step over all devices: the stated total, or else the product of
        its two parts, with one device where their number isn't stated."""
        hyperparameters = self.hyperparameters
        parts = (
            hyperparameters.per_device_train_batch_size,
            hyperparameters.gradient_accumulation_steps,
        )
        if hyperparameters.total_train_batch_size is not None or None in parts:
            return hyperparameters.total_train_batch_size
        return prod(each or 1 for each in (*parts, self.hardware.gpus))

    @property
    def epochs(self) -> float | None:
        """Passes over the data: the checkpoint's, or else the requested number."""
        return self.hyperparameters.num_train_epochs if self.epoch is None else self.epoch


FLAT: Mapping[str, tuple[str, str]] = {
    "rank": ("adapter", "r"),
    "alpha": ("adapter", "lora_alpha"),
    "dropout": ("adapter", "lora_dropout"),
    "targets": ("adapter", "target_modules"),
    "learning_rate": ("hyperparameters", "learning_rate"),
    "epochs": ("hyperparameters", "num_train_epochs"),
    "batch": ("hyperparameters", "total_train_batch_size"),
    "batch_size": ("hyperparameters", "total_train_batch_size"),
    "seed": ("hyperparameters", "seed"),
}
"""Names that people write at the top, and where they belong."""


class TrainingRecord(KeylessDeclaration, extra="allow"):
    """How a version was trained: whatever people want to keep, and what the leakage check reads."""

    data: RowsFile | None = Field(None, description=_DATA)
    hashes: RowsFile | None = Field(None, description=_HASHES)

    @model_validator(mode="after")
    def _one(self) -> "TrainingRecord":
        if self.data is not None and self.hashes is not None:
            raise invalid("stands in for data: give one of the two", "hashes")
        return self

    @property
    def fields_with_names(self) -> "NamedTraining":
        """The record's fields that have a declared name."""
        document, unfit = self.as_json(), list[str]()
        while True:
            nested, moved = _nest(document)
            flaws = flaws_of(TrainingFields, nested)
            if not flaws:
                return NamedTraining(validate(TrainingFields, nested), tuple(unfit))
            top = str(_as_written(flaws[0][0], moved)[0])
            unfit.append(top)
            del document[top]


@dataclass(frozen=True, slots=True)
class NamedTraining:
    """A record's named fields.

    Attributes:
        unfit: fields of a record from before they had a name, whose values can't be theirs: they
            stay in the record, and aren't among these.
    """

    fields: TrainingFields
    unfit: tuple[str, ...]


def _nest(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[Path, str]]:
    """Move grouped fields into their groups; returns the document, and by new path the old name."""
    grouped = {name: value for name, value in document.items() if value is not None}
    moved: dict[Path, str] = {}
    for name, (group, inner) in FLAT.items():
        group_fields = grouped.get(group) or {}
        if name in grouped and isinstance(group_fields, Mapping) and inner not in group_fields:
            grouped[group] = {**group_fields, inner: grouped.pop(name)}
            moved[(group, inner)] = name
    return grouped, moved


def _as_written(path: Path, moved: Mapping[Path, str]) -> Path:
    name = moved.get(path[:2])
    return path if name is None else (name, *path[2:])


def _fits(record: TrainingRecord) -> TrainingRecord:
    nested, moved = _nest(record.as_json())
    for path, message in flaws_of(TrainingFields, nested):
        raise invalid(message, *_as_written(path, moved))
    return record


class _Described:
    """In the JSON Schema, the fields that have a name."""

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(TrainingFields.__pydantic_core_schema__)


CheckedTraining = Annotated[TrainingRecord, AfterValidator(_fits), _Described()]
"""A record whose named fields hold what they may."""

"""A version's training record on its page: named fields in words, curves, advice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.declare.training import TrainingCost, TrainingFields
from evalhub.features.training.curves import training_curves
from evalhub.frames.page.properties import Property, properties
from evalhub.registry.models import ModelVersion
from evalhub.registry.versions import base_of_version
from evalhub.report.charts.parts import Chart
from evalhub.training.advice import Advice, advice_on


@dataclass(frozen=True, slots=True)
class Fact:
    """A named field in words: `group` is what it is of, `name` what it is called."""

    group: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TrainingView:
    """What is shown of a training.

    Attributes:
        groups: the named fields that are said, by what they are of.
        rest: other fields, as they are kept.
        unfit: fields of a record from before they had a name, which can't be read as theirs.
    """

    groups: Sequence[tuple[str, Sequence[Fact]]]
    curves: Chart | None
    advice: Sequence[Advice]
    rest: Sequence[Property]
    unfit: Sequence[str]


def training_view(version: ModelVersion) -> TrainingView | None:
    """The view of the version's training record; None if it is empty."""
    stated = {
        name: value for name, value in version.training.as_json().items() if value is not None
    }
    if not stated:
        return None
    training = version.training.fields_with_names
    facts = training_facts(training.fields)
    groups = [
        (group, [each for each in facts if each.group == group])
        for group in dict.fromkeys(each.group for each in facts)
    ]
    rest = {
        **(training.fields.model_extra or {}),
        **{name: stated[name] for name in training.unfit},
    }
    return TrainingView(
        groups=groups,
        curves=training_curves(
            training.fields.losses, training.fields.eval_losses, of=str(version)
        ),
        advice=advice_on(training.fields, kind=version.kind, base=base_of_version(version)),
        rest=properties(rest),
        unfit=training.unfit,
    )


def training_facts(fields: TrainingFields) -> list[Fact]:
    """The named fields in words, and further fields of their parts; curves are drawn elsewhere."""
    hyperparameters, shape = fields.hyperparameters, fields.adapter
    groups = {
        "Method": {
            "method": fields.method,
            "learns from": fields.objective,
            "base": fields.base_model,
            "checkpoint": fields.checkpoint,
            "step": _count(fields.step),
        },
        "Data": {
            "file": fields.data,
            "fingerprints": fields.hashes,
            "data sets": _list(fields.datasets),
            "SHA-256": fields.dataset_sha256,
            "SHA-256 of validation": fields.validation_sha256,
            "examples": _count(fields.examples),
            "validation examples": _count(fields.validation_examples),
            "tokens": _count(fields.data_tokens),
            "tokens read": _count(fields.tokens_seen),
        },
        "Hyperparameters": {
            "learning rate": _number(hyperparameters.learning_rate),
            "highest learning rate logged": _number(fields.learning_rate_logged)
            if hyperparameters.learning_rate is None
            else None,
            "schedule": hyperparameters.lr_scheduler_type,
            "warm-up": _warmup(fields),
            "epochs": _number(hyperparameters.num_train_epochs),
            "epochs by then": _number(fields.epoch),
            "steps at most": _count(hyperparameters.max_steps)
            if (hyperparameters.max_steps or 0) > 0
            else None,
            "examples of a step": _batch(fields),
            "weight decay": _number(hyperparameters.weight_decay),
            "tokens of an example, at most": _count(hyperparameters.max_length),
            "seed": _plain(hyperparameters.seed),
            "seed of the data": _plain(hyperparameters.data_seed),
        },
        "Adapter": {
            "rank": _plain(shape.r),
            "alpha": _number(shape.lora_alpha),
            "dropout": _number(shape.lora_dropout),
            "layers": shape.target_modules
            if isinstance(shape.target_modules, str)
            else _list(shape.target_modules),
            "variant": _list([name for name, is_so in _variants(fields) if is_so]),
        },
        "Hardware and cost": {
            "GPU": fields.hardware.gpu,
            "GPUs": _count(fields.hardware.gpus),
            "hours by the clock": _number(fields.wall_hours),
            "cost": _money(fields.cost),
            "known from": (fields.cost and fields.cost.source) or None,
        },
    }
    more = {group: properties(of) for group, of in _more(fields).items()}
    return [
        Fact(group, name, text)
        for group, facts in groups.items()
        for name, text in [*facts.items(), *((each.name, each.text) for each in more[group])]
        if text
    ]


def _more(fields: TrainingFields) -> dict[str, Mapping[str, Any]]:
    """Further fields of the parts, by the group in which they are shown."""
    cost = (fields.cost and fields.cost.model_extra) or {}
    return {
        "Method": {},
        "Data": {},
        "Hyperparameters": fields.hyperparameters.model_extra or {},
        "Adapter": fields.adapter.model_extra or {},
        "Hardware and cost": {**(fields.hardware.model_extra or {}), **cost},
    }


def _variants(fields: TrainingFields) -> list[tuple[str, bool | None]]:
    return [("rsLoRA", fields.adapter.use_rslora), ("DoRA", fields.adapter.use_dora)]


def _batch(fields: TrainingFields) -> str | None:
    hyperparameters = fields.hyperparameters
    parts = [
        (hyperparameters.per_device_train_batch_size, "at a time"),
        (hyperparameters.gradient_accumulation_steps, "added up"),
        (fields.hardware.gpus or None, "GPUs"),
    ]
    product = " × ".join(f"{number:,} {what}" for number, what in parts if number is not None)
    if fields.batch is None:
        return product or None
    return f"{fields.batch:,} ({product})" if product else f"{fields.batch:,}"


def _warmup(fields: TrainingFields) -> str | None:
    hyperparameters = fields.hyperparameters
    if hyperparameters.warmup_steps is not None and (
        hyperparameters.warmup_steps >= 1 or hyperparameters.warmup_ratio is None
    ):
        part = 0 < hyperparameters.warmup_steps < 1  # transformers accepts a fraction there too
        return (
            f"{hyperparameters.warmup_steps:.0%} of it"
            if part
            else f"{hyperparameters.warmup_steps:,g} steps"
        )
    return (
        None
        if hyperparameters.warmup_ratio is None
        else f"{hyperparameters.warmup_ratio:.3g} of it"
    )


def _money(cost: TrainingCost | None) -> str | None:
    if cost is None:
        return None
    return f"{cost.amount:,.2f} {cost.currency or '(no currency is said)'}"


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _number(number: float | None) -> str | None:
    return None if number is None else f"{number:.4g}"


def _plain(number: int | None) -> str | None:
    return None if number is None else str(number)


def _list(names: Sequence[str] | None) -> str | None:
    return ", ".join(names) if names else None

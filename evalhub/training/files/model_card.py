"""README.md: the model card that a trainer writes, with its hyperparameters or configuration."""

import re
from pathlib import Path
from typing import Any

from evalhub.trainer_callback import name_of
from evalhub.training.files import axolotl
from evalhub.training.files.reading import text_of, yaml_mapping

_HEAD = re.compile(r"\A---\n(.*?\n)---\s*$", re.S | re.M)
_TOLD = re.compile(
    r"^The following hyperparameters were used during training:\n((?:- .*\n?)+)", re.M
)
_AXOLOTL = re.compile(r"See axolotl config</summary>.*?^```yaml\n(.*?)^```", re.S | re.M)
_TRL = re.compile(r"^This model was trained with ([A-Za-z]+)[,.]", re.M)

NUMBERS = {
    "learning_rate": "learning_rate",
    "num_epochs": "num_train_epochs",
    "lr_scheduler_warmup_ratio": "warmup_ratio",
    "lr_scheduler_warmup_steps": "warmup_steps",
}
WHOLE = {
    "train_batch_size": "per_device_train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "total_train_batch_size": "total_train_batch_size",
    "training_steps": "max_steps",
    "seed": "seed",
}


def read(path: Path) -> dict[str, Any]:
    text = text_of(path).replace("\r\n", "\n")
    fields: dict[str, Any] = {}
    if head := _HEAD.match(text):
        fields |= _head(yaml_mapping(head[1], path, line=2))
    if hyperparameters := _TOLD.search(text):
        fields |= _hyperparameters(dict(re.findall(r"^- (\w+): (.*)$", hyperparameters[1], re.M)))
    if trainer := _TRL.search(text):
        fields["objective"] = trainer[1].lower()
    if config := _AXOLOTL.search(text):
        line = text.count("\n", 0, config.start(1)) + 1
        # What was told counts before what came of it: the card leaves out a batch of one step.
        fields |= axolotl.record_of(yaml_mapping(config[1], path, line=line))
    return fields


def _head(head: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    base = head.get("base_model")
    if isinstance(base, str) and base:
        fields["base_model"] = name_of(base)
    data = head.get("datasets")
    if datasets := [data] if isinstance(data, str) else data:
        fields["datasets"] = [name_of(str(each)) for each in datasets]
    return fields


def _hyperparameters(texts: dict[str, str]) -> dict[str, Any]:
    """The list of hyperparameters, which leaves out a gradient accumulation of 1, and a total batch
    that is one device's."""
    numbers: dict[str, Any] = {}
    for theirs, ours in NUMBERS.items():
        if (number := _number(texts.get(theirs, ""))) is not None:
            numbers[ours] = number
    for theirs, ours in WHOLE.items():
        if texts.get(theirs, "").isdigit():
            numbers[ours] = int(texts[theirs])
    if "per_device_train_batch_size" in numbers:
        numbers.setdefault("gradient_accumulation_steps", 1)
        numbers.setdefault("total_train_batch_size", numbers["per_device_train_batch_size"])
    if scheduler := texts.get("lr_scheduler_type"):
        numbers["lr_scheduler_type"] = scheduler
    devices = texts.get("num_devices", "")
    return {"hyperparameters": numbers} | (
        {"hardware": {"gpus": int(devices)}} if devices.isdigit() else {}
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

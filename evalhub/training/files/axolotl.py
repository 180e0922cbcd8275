"""Axolotl's configuration: a YAML file beside what it wrote, or in the model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalhub.trainer_callback import name_of
from evalhub.training.files.reading import renamed, text_of, yaml_value

TOLD = {
    "learning_rate": "learning_rate",
    "num_epochs": "num_train_epochs",
    "max_steps": "max_steps",
    "micro_batch_size": "per_device_train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "lr_scheduler": "lr_scheduler_type",
    "warmup_ratio": "warmup_ratio",
    "warmup_steps": "warmup_steps",
    "weight_decay": "weight_decay",
    "optimizer": "optim",
    "seed": "seed",
    "sequence_len": "max_length",
    "sample_packing": "packing",
    "val_set_size": "val_set_size",
}
SHAPE = {
    "lora_r": "r",
    "lora_alpha": "lora_alpha",
    "lora_dropout": "lora_dropout",
    "lora_target_modules": "target_modules",
    "peft_use_rslora": "use_rslora",
    "peft_use_dora": "use_dora",
}


def read(path: Path) -> dict[str, Any]:
    """What a YAML file says; {} where it isn't Axolotl's."""
    said = yaml_value(text_of(path), path)
    return said_by(said) if isinstance(said, Mapping) and _is_axolotls(said) else {}


def said_by(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration says, as a record."""
    adapter = said.get("adapter")
    small = adapter == "qlora" or (adapter == "lora" and said.get("load_in_4bit"))
    found: dict[str, Any] = {
        "method": "qlora" if small else str(adapter or "full"),
        "objective": str(said.get("rl") or "sft"),
        "hyperparameters": renamed(said, TOLD),
    }
    if adapter:
        found["adapter"] = renamed(said, SHAPE)
    if base := said.get("base_model"):
        found["base_model"] = name_of(str(base))
    data = said.get("datasets")
    if isinstance(data, list):
        named = [each.get("path") for each in data if isinstance(each, Mapping)]
        found["datasets"] = [name_of(str(each)) for each in named if each]
    return found


def _is_axolotls(said: Mapping[str, Any]) -> bool:
    return "base_model" in said and ("datasets" in said or "micro_batch_size" in said)

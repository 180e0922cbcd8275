"""Axolotl's configuration: a YAML file beside what it wrote, or in the model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalhub.trainer_callback import name_of
from evalhub.training.files.reading import rename_keys, text_of, yaml_value

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
    """The training record of an Axolotl configuration; {} for any other YAML file."""
    config = yaml_value(text_of(path), path)
    return record_of(config) if isinstance(config, Mapping) and _is_axolotls(config) else {}


def record_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as a training record."""
    adapter = config.get("adapter")
    small = adapter == "qlora" or (adapter == "lora" and config.get("load_in_4bit"))
    fields: dict[str, Any] = {
        "method": "qlora" if small else str(adapter or "full"),
        "objective": str(config.get("rl") or "sft"),
        "hyperparameters": rename_keys(config, TOLD),
    }
    if adapter:
        fields["adapter"] = rename_keys(config, SHAPE)
    if base := config.get("base_model"):
        fields["base_model"] = name_of(str(base))
    data = config.get("datasets")
    if isinstance(data, list):
        paths = [each.get("path") for each in data if isinstance(each, Mapping)]
        fields["datasets"] = [name_of(str(each)) for each in paths if each]
    return fields


def _is_axolotls(config: Mapping[str, Any]) -> bool:
    return "base_model" in config and ("datasets" in config or "micro_batch_size" in config)

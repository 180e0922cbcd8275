"""LLaMA-Factory's arguments (training_args.yaml, llamafactory_args.yaml) and log."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from evalhub.io.rows import DataError
from evalhub.trainer_callback import curve, name_of
from evalhub.training.files.reading import json_lines, rename_keys, text_of, yaml_mapping

TOLD = {
    "learning_rate": "learning_rate",
    "num_train_epochs": "num_train_epochs",
    "max_steps": "max_steps",
    "per_device_train_batch_size": "per_device_train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "lr_scheduler_type": "lr_scheduler_type",
    "warmup_ratio": "warmup_ratio",
    "warmup_steps": "warmup_steps",
    "weight_decay": "weight_decay",
    "optim": "optim",
    "seed": "seed",
    "cutoff_len": "max_length",
    "packing": "packing",
    "max_samples": "max_samples",
    "neftune_noise_alpha": "neftune_noise_alpha",
    "pref_beta": "beta",
}
SHAPE = {
    "lora_rank": "r",
    "lora_alpha": "lora_alpha",
    "lora_dropout": "lora_dropout",
    "lora_target": "target_modules",
    "use_rslora": "use_rslora",
    "use_dora": "use_dora",
}


def read(path: Path) -> dict[str, Any]:
    config = yaml_mapping(text_of(path), path)
    fields: dict[str, Any] = {"hyperparameters": rename_keys(config, TOLD)}
    method = config.get("finetuning_type")
    if method is not None:
        small = method == "lora" and config.get("quantization_bit") is not None
        fields["method"] = "qlora" if small else str(method)
    if method == "lora":
        fields["adapter"] = rename_keys(config, SHAPE)
    if base := config.get("model_name_or_path"):
        fields["base_model"] = name_of(str(base))
    if stage := config.get("stage"):
        fields["objective"] = str(stage)
    if data := config.get("dataset"):
        datasets = data.split(",") if isinstance(data, str) else data
        fields["datasets"] = [name_of(str(each).strip()) for each in datasets]
    return fields


def read_log(path: Path) -> dict[str, Any]:
    """trainer_log.jsonl, which a training that begins again in the folder goes on with: of the
    steps that were made twice, the last counts."""
    lines: list[dict[str, Any]] = []
    for line, entry in json_lines(path):
        step = entry.get("current_steps")
        if not isinstance(step, int):
            raise DataError(
                "a whole number is needed", file=str(path), line=line, field="current_steps"
            )
        if lines and lines[-1]["step"] > step:  # begun again, or resumed
            lines = [each for each in lines if each["step"] < step]
        lines.append(entry | {"step": step})
    if not lines:
        return {}
    fields: dict[str, Any] = {
        "step": lines[-1]["step"],
        "losses": curve(lines, "loss"),
        "eval_losses": curve(lines, "eval_loss"),
    }
    if (epoch := lines[-1].get("epoch")) is not None:
        fields["epoch"] = epoch
    if seconds := _seconds(str(lines[-1].get("elapsed_time", ""))):
        fields["seconds"] = seconds
    return fields


def _seconds(elapsed: str) -> float:
    """Seconds of a duration like "1 day, 2:03:04"; 0 for any other text."""
    days, _, clock = elapsed.rpartition(", ")
    parts = [*days.split(" ")[:1], *clock.split(":")]
    if len(parts) != 4 or not all(part.isdigit() for part in parts if part):
        return 0.0
    day, hours, minutes, seconds = (int(part or 0) for part in parts)
    return timedelta(days=day, hours=hours, minutes=minutes, seconds=seconds).total_seconds()

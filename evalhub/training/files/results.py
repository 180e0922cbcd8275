"""train_results.json and all_results.json: what the trainer's `save_metrics` wrote at the end."""

from pathlib import Path
from typing import Any

from evalhub.training.files.reading import json_object, rename_keys

NAMES = {
    "train_runtime": "seconds",
    "train_samples": "examples",
    "eval_samples": "validation_examples",
    "total_flos": "flos",
    "epoch": "epoch",
}


def read(path: Path) -> dict[str, Any]:
    return rename_keys(json_object(path), NAMES)

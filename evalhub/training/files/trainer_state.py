"""trainer_state.json: what the trainer of transformers, and those made of it, logged."""

from pathlib import Path
from typing import Any

from evalhub.io.rows import DataError
from evalhub.trainer_callback import curve, name_of
from evalhub.training.files.reading import json_object, rename_keys

NAMES = {
    "global_step": "step",
    "epoch": "epoch",
    "best_metric": "best_metric",
    "total_flos": "flos",
}


def read(path: Path) -> dict[str, Any]:
    state = json_object(path)
    history = state.get("log_history", [])
    if not isinstance(history, list) or not all(isinstance(each, dict) for each in history):
        raise DataError("a list of objects is needed", file=str(path), field="log_history")
    fields = rename_keys(state, NAMES) | {
        "losses": curve(history, "loss"),
        "eval_losses": curve(history, "eval_loss"),
    }
    if best := state.get("best_model_checkpoint"):
        fields["best_checkpoint"] = name_of(str(best))
    if tokens := state.get("num_input_tokens_seen"):
        fields["tokens_seen"] = tokens
    rates = [each["learning_rate"] for each in history if _is_number(each.get("learning_rate"))]
    if rates:
        fields["learning_rate_logged"] = max(rates)
    if seconds := [each["train_runtime"] for each in history if each.get("train_runtime")]:
        fields["seconds"] = seconds[-1]
    return fields


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""The JSON files that transformers' trainer and PEFT save with a model."""

from pathlib import Path
from typing import Any

from evalhub.io.rows import DataError
from evalhub.trainer_callback import ADAPTER, HYPERPARAMETERS, curve, name_of
from evalhub.training.files.reading import json_object, rename_keys

_STATE_NAMES = {
    "global_step": "step",
    "epoch": "epoch",
    "best_metric": "best_metric",
    "total_flos": "flos",
}
_RESULT_NAMES = {
    "train_runtime": "seconds",
    "train_samples": "examples",
    "eval_samples": "validation_examples",
    "total_flos": "flos",
    "epoch": "epoch",
}


def read_adapter(path: Path) -> dict[str, Any]:
    """adapter_config.json: the shape of an adapter, as PEFT saves it."""
    config = json_object(path)
    shape = {name: config[name] for name in ADAPTER if config.get(name) is not None}
    if isinstance(shape.get("target_modules"), list):
        shape["target_modules"] = sorted(shape["target_modules"], key=str)  # PEFT saves a set
    fields: dict[str, Any] = {"adapter": shape}
    if base := config.get("base_model_name_or_path"):
        fields["base_model"] = name_of(str(base))
    return fields


def read_adapter_kind(path: Path) -> dict[str, Any]:
    """The kind of adapter, by adapter_config.json, which doesn't say whether its base was quantised
    to 4 bits."""
    kind = json_object(path).get("peft_type")
    return {"method": str(kind).lower()} if kind else {}


def read_state(path: Path) -> dict[str, Any]:
    """trainer_state.json: what the trainer of transformers, and those made of it, logged."""
    state = json_object(path)
    history = state.get("log_history", [])
    if not isinstance(history, list) or not all(isinstance(each, dict) for each in history):
        raise DataError("a list of objects is needed", file=str(path), field="log_history")
    fields = rename_keys(state, _STATE_NAMES) | {
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


def read_results(path: Path) -> dict[str, Any]:
    """train_results.json and all_results.json: what `save_metrics` of the trainer wrote."""
    return rename_keys(json_object(path), _RESULT_NAMES)


def read_arguments(path: Path) -> dict[str, Any]:
    """training_args.json: the trainer's arguments, where somebody wrote them as JSON.

    training_args.bin, which the trainer writes itself, is code to whoever loads it: it isn't read.
    """
    arguments = json_object(path)
    hyperparameters = {
        name: arguments[name]
        for name in HYPERPARAMETERS
        if arguments.get(name) not in (None, "None")
    }
    return {"hyperparameters": hyperparameters}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

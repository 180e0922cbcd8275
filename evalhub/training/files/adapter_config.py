"""adapter_config.json: the shape of an adapter, as PEFT saves it."""

from pathlib import Path
from typing import Any

from evalhub.trainer_callback import ADAPTER, name_of
from evalhub.training.files.reading import json_object


def read(path: Path) -> dict[str, Any]:
    config = json_object(path)
    shape = {name: config[name] for name in ADAPTER if config.get(name) is not None}
    if isinstance(shape.get("target_modules"), list):
        shape["target_modules"] = sorted(shape["target_modules"], key=str)  # PEFT saves a set
    fields: dict[str, Any] = {"adapter": shape}
    if base := config.get("base_model_name_or_path"):
        fields["base_model"] = name_of(str(base))
    return fields


def read_method(path: Path) -> dict[str, Any]:
    """What kind of adapter it is. Whether its base was held in 4 bits isn't said here."""
    kind = json_object(path).get("peft_type")
    return {"method": str(kind).lower()} if kind else {}

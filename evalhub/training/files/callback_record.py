"""evalhub-training.json: the record that our own callback wrote."""

from pathlib import Path
from typing import Any

from evalhub.training.files.reading import json_object


def read(path: Path) -> dict[str, Any]:
    return json_object(path)

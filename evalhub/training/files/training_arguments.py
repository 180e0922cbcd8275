"""training_args.json: the arguments of transformers' trainer, where somebody wrote them as JSON.

training_args.bin, which the trainer writes itself, is code to whoever loads it: it isn't read.
"""

from pathlib import Path
from typing import Any

from evalhub.trainer_callback import HYPERPARAMETERS
from evalhub.training.files.reading import json_object


def read(path: Path) -> dict[str, Any]:
    said = json_object(path)
    told = {name: said[name] for name in HYPERPARAMETERS if said.get(name) not in (None, "None")}
    return {"hyperparameters": told}

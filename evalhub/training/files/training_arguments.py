"""training_args.json: the arguments of transformers' trainer, where somebody wrote them as JSON.

training_args.bin, which the trainer writes itself, is code to whoever loads it: it isn't read.
"""

from pathlib import Path
from typing import Any

from evalhub.trainer_callback import HYPERPARAMETERS
from evalhub.training.files.reading import json_object


def read(path: Path) -> dict[str, Any]:
    arguments = json_object(path)
    hyperparameters = {
        name: arguments[name]
        for name in HYPERPARAMETERS
        if arguments.get(name) not in (None, "None")
    }
    return {"hyperparameters": hyperparameters}

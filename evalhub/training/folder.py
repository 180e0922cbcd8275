"""A training record from the folder that TRL, transformers, Axolotl or LLaMA-Factory wrote.

What stands in none of its files stays unsaid. Nothing is run or unpickled.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.training import CheckedTraining
from evalhub.io.rows import DataError
from evalhub.training.files import axolotl, huggingface, llama_factory, model_card
from evalhub.training.files.reading import json_object

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of one kind of file.

    Attributes:
        name: the file's, or a pattern of names.
        words: what it holds, for people.
        read: what it says, as parts of a record.
        of_all: of the training as a whole: for a checkpoint's folder, the one above has it too.
    """

    name: str
    words: str
    read: Callable[[Path], dict[str, Any]]
    of_all: bool = False


READERS = (
    Reader("evalhub-training.json", "the record of our own callback", json_object),
    Reader(
        "adapter_config.json", "the adapter's shape and its base, by PEFT", huggingface.read_adapter
    ),
    Reader(
        "trainer_state.json", "steps, epochs and losses, by transformers", huggingface.read_state
    ),
    Reader("all_results.json", "duration and examples, by transformers", huggingface.read_results),
    Reader("train_results.json", "the same of the training alone", huggingface.read_results),
    Reader("training_args.json", "arguments as JSON", huggingface.read_arguments, of_all=True),
    Reader("training_args.yaml", "what LLaMA-Factory was told", llama_factory.read, of_all=True),
    Reader("llamafactory_args.yaml", "the same", llama_factory.read, of_all=True),
    Reader("*.y*ml", "Axolotl's configuration", axolotl.read, of_all=True),
    Reader("README.md", "the model card's hyperparameters", model_card.read, of_all=True),
    Reader("trainer_log.jsonl", "LLaMA-Factory's log", llama_factory.read_log),
    Reader("adapter_config.json", "the kind of adapter", huggingface.read_adapter_kind),
)
"""In the order in which they are believed: what one says holds before what a later one says."""


def read_folder(folder: Path) -> dict[str, Any]:
    """The record that the files of a training's folder, or of one of its checkpoints', hold.

    A folder without a trainer's state of its own has that of its newest checkpoint.

    Raises:
        DataError: a file that is broken or half written, or that says what can't be; or there is
            no file that is read.
    """
    record: dict[str, Any] = {}
    read_from: list[str] = []
    for reader in READERS:
        for location in _locations(folder, reader):
            for path, fields in _contents_in(location, reader):
                _add(record, fields)
                read_from.append(_display_name(path, folder))
                if reader.read is huggingface.read_state and _CHECKPOINT.fullmatch(
                    path.parent.name
                ):
                    record.setdefault("checkpoint", path.parent.name)
    if not read_from:
        names = ", ".join(dict.fromkeys(each.name for each in READERS))
        raise DataError(f"holds no file of a training that is read: {names}", file=str(folder))
    record["read_from"] = list(dict.fromkeys(read_from))
    return record


def _locations(folder: Path, reader: Reader) -> list[Path]:
    """The folders to search: this one, the one above a checkpoint, or the newest checkpoint."""
    if _CHECKPOINT.fullmatch(folder.resolve().name):
        return [folder, folder.resolve().parent] if reader.of_all else [folder]
    if (folder / "trainer_state.json").is_file():
        return [folder]
    return [folder, *_newest_checkpoint(folder)]


def _contents_in(location: Path, reader: Reader) -> list[tuple[Path, dict[str, Any]]]:
    """(file, what it says) of the files that say something: one at most, since of several
    configurations none can be meant."""
    own_names = {each.name for each in READERS}
    files = sorted(
        path
        for path in location.glob(reader.name)
        if path.is_file() and (path.name == reader.name or path.name not in own_names)
    )
    contents = [(path, fields) for path in files if (fields := _check(reader.read(path), path))]
    if len(contents) > 1:
        names = " and ".join(path.name for path, _ in contents)
        raise DataError(f"holds {reader.words} twice, in {names}", file=str(location))
    return contents


def _newest_checkpoint(folder: Path) -> list[Path]:
    numbered = {
        int(match[1]): path
        for path in folder.iterdir()
        if (match := _CHECKPOINT.fullmatch(path.name)) and path.is_dir()
    }
    return [numbered[max(numbered)]] if numbered else []


def _check(fields: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A file's values without empty ones, checked. Raises DataError, which names the file."""
    filled = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    try:
        validate(CheckedTraining, filled)
    except DeclarationError as error:
        raise DataError(error.message, file=str(path), field=error.field) from error
    return filled


def _add(record: dict[str, Any], fields: Mapping[str, Any]) -> None:
    """Add the fields that the record lacks, also within its parts."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and isinstance(record.get(name), dict):
            record[name] = {**value, **record[name]}
        else:
            record.setdefault(name, value)


def _display_name(path: Path, folder: Path) -> str:
    """The path relative to the folder; for a file above it, the name alone."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name

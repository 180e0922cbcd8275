"""Options of a pipeline that replace parts of a study file. Pure but for reading files."""

import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.declare.declaration import read_declaration
from evalhub.declare.row_fields import RowFields
from evalhub.declare.training import CheckedTraining
from evalhub.io.document import Document
from evalhub.io.rows import DataError
from evalhub.training.folder import read_folder


class ChangeError(ValueError):
    """A change that doesn't fit the study file; the message begins with the option's name."""


@dataclass(frozen=True, slots=True)
class StudyChange:
    """Which arm is in question, who answers for it, and how it was trained; None: as in the file.

    Attributes:
        candidate: an arm of the file.
        adapter: the candidate's adapter: the name by which a server of models knows it; for the
            backend `hf` its folder, a file of weights in it, or ID@COMMIT of the model hub.
        answers: a file of its answers; {test_set} stands for the test set's name.
        build: what gave those answers, such as the SHA-256 of its weights.
        fields: where that file has its rows and what is read of each; None: as in the file.
        training: a file with its training record, or the folder that a trainer wrote.
        arms: by an arm's name, fields of it in place of the file's.
    """

    candidate: str | None = None
    adapter: str | None = None
    answers: Path | None = None
    training: Path | None = None
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    build: str | None = None
    fields: RowFields | None = None

    def apply(self, data: dict[str, Any], candidate: str, folder: Path) -> dict[str, Any]:
        """The study's document with these changes; the document is valid.

        Args:
            candidate: the arm that the document itself asks about.
            folder: the study file's.

        Raises:
            ChangeError: there is no such arm, or it takes no such thing.
            DataError: the training record can't be read.
        """
        document = deepcopy(data)
        name = self.candidate or candidate
        if self.candidate is not None:
            document["candidate"] = name
        if name not in document["arms"]:
            names = ", ".join(document["arms"])
            raise ChangeError(f"--candidate: there is no arm {name!r}; there are {names}")
        arm = document["arms"][name]
        if self.answers is not None and self.adapter is not None:
            raise ChangeError(
                "--answers: are there already, and --adapter says whom to ask: give one of the two"
            )
        if self.answers is not None:
            arm["backend"] = {"recorded": str(self.answers.absolute())}
        if self.build is not None:
            arm["build"] = self.build
        if self.fields is not None:
            arm["fields"] = self.fields.model_dump(mode="json", exclude_none=True)
        if self.adapter is not None:
            _set_adapter(arm, name, self.adapter, folder)
        if self.training is not None:
            arm["training"] = _training(self.training, folder)
        for other, fields in self.arms.items():
            document["arms"][other] |= fields
        return document


def _set_adapter(arm: dict[str, Any], name: str, adapter: str, folder: Path) -> None:
    """Sets this adapter in the arm's backend."""
    backend = arm["backend"]
    if "hf" in backend:
        backend["hf"] |= _adapter_fields(adapter, folder)
        # The file pins the revision of the adapter that it names.
        backend["hf"].pop("adapter_sha256", None)
        return
    if why := _not_served(adapter):
        raise ChangeError(
            f"--adapter: {adapter!r} is {why}, and the arm {name!r} loads no weights: say "
            "hf: {…} in its backend, or let a server load it (vLLM: --lora-modules NAME=PATH) and "
            "give the NAME that it is served by, or give its answers with --answers"
        )
    if "openai" not in backend:
        raise ChangeError(
            f"--adapter: names a model at a server, and the answers of the arm {name!r} are "
            "recorded: say openai: {…} in its backend, or give the answers with --answers"
        )
    backend["openai"]["model"] = adapter


def _adapter_fields(adapter: str, folder: Path) -> dict[str, str | None]:
    """The fields of the backend `hf` for an adapter: its path, or its commit at the hub."""
    path = Path(adapter).expanduser()
    if path.is_file() and path.suffix == ".safetensors":
        path = path.parent  # with its configuration in the same folder, as PEFT saves both
    if path.is_dir():
        return {"adapter": os.path.relpath(path, folder), "adapter_revision": None}
    name, at, commit = adapter.partition("@")
    if not at:
        raise ChangeError(
            f"--adapter: there is no folder {adapter!r}; one of the model hub is named with its "
            "commit, as ID@COMMIT"
        )
    return {"adapter": name, "adapter_revision": commit}


def _not_served(adapter: str) -> str:
    """What kind of adapter it is, if it isn't a name at a server; "" if it is."""
    path = Path(adapter).expanduser()
    if path.exists() or adapter.startswith(("/", "./", "../", "~", "\\")):
        return "a file or folder"
    if "@" in adapter:
        return "a hub's id with a revision"
    return ""


def _training(path: Path, folder: Path) -> dict[str, Any]:
    """A training record whose paths are relative to its own folder, rewritten for the study in
    `folder`.

    Of the folder that a trainer wrote it is what its files say.
    """
    beside = path if path.is_dir() else path.parent
    record = read_folder(path) if path.is_dir() else _record(path)
    for name in ("data", "hashes"):
        if (file_name := record.get(name)) is not None:
            file = beside / file_name
            if not file.is_file():
                raise DataError(
                    f"there is no file {file_name!r} beside it", file=str(path), field=name
                )
            record[name] = os.path.relpath(file, folder)  # no path of this machine
    return record


def _record(path: Path) -> dict[str, Any]:
    document = Document(path)
    start = "a training record is a mapping, such as {method: lora, examples: 320}"
    read_declaration(CheckedTraining, document, start=start)
    return dict(document.data)

"""Everything that is wrong with a study file, by its lines: all at once."""

import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from evalhub.declare.declaration import DeclarationError, flaws_of, validate
from evalhub.declare.outside import outside_errors
from evalhub.io.document import Document
from evalhub.io.rows import DataError
from evalhub.studies.file.gaps import find_gaps
from evalhub.studies.file.spec import StudyFile
from evalhub.studies.web.bundle import TEST_SET, file_fields, with_digests

type Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class StudyFlaw:
    """What is wrong, in which field ("" is the whole), and on which line of the study file."""

    message: str
    field: str = ""
    line: int | None = None


class UnreadableError(Exception):
    """A text that is no study file, for the reason in `flaw`."""

    def __init__(self, flaw: StudyFlaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.message)


def read_text(text: str) -> Document:
    """The text as YAML or JSON, with its lines. Raises UnreadableError."""
    if not text.strip():
        raise UnreadableError(StudyFlaw("The study file is empty."))
    suffix = "json" if text.lstrip().startswith("{") else "yaml"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"study.{suffix}")
        path.write_text(text, encoding="utf-8", newline="\n")
        try:
            document = Document(path)
        except DataError as error:
            raise UnreadableError(
                StudyFlaw(error.message, error.field or "", error.line)
            ) from error
    if not isinstance(document.data, dict):
        raise UnreadableError(
            StudyFlaw("A study file is a mapping that starts with schema: …", "", 1)
        )
    document.data = json.loads(json.dumps(document.data, default=str))
    return document


def flaws_in(
    document: Document,
    files: Mapping[str, str],
    *,
    project: str,
    uploads: Collection[str],
    aliases: Collection[str],
) -> list[StudyFlaw]:
    """All that is wrong with a study file before any of its files is read, by line.

    Args:
        files: digests by the names of the files that were sent.
        aliases: the endpoints that an operator made.
    """
    data = dict(document.data) | {"project": project}
    places: list[tuple[Place, str]] = [(gap.place, gap.text) for gap in find_gaps(data)]
    places += flaws_of(StudyFile, data)
    places += _missing_files(data, files)
    if not places:
        places += _outside(data, files, uploads, aliases)
    flaws = [
        StudyFlaw(message, _dotted(place), document.line(place))
        for place, message in dict(places).items()
    ]
    return sorted(flaws, key=lambda flaw: flaw.line or 0)


def _missing_files(data: dict[str, Any], files: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    for holder, key, place in file_fields(data):
        value = holder[key]
        named = value.items() if isinstance(value, dict) else [(None, value)]
        for test_set, file in named:
            name = PurePosixPath(str(file)).name
            if not isinstance(file, str) or file.startswith("sha256:") or name in files:
                continue
            at = place if test_set is None else (*place, test_set)
            if TEST_SET not in name:
                yield at, f"the file {name} is missing: drop it here"
            elif not any(_fits(name, each) for each in files):
                yield at, f"files called like {name} are missing: drop them here"


def _fits(pattern: str, name: str) -> bool:
    before, _, after = pattern.partition(TEST_SET)
    return len(name) > len(before + after) and name.startswith(before) and name.endswith(after)


def _outside(
    data: dict[str, Any],
    files: Mapping[str, str],
    uploads: Collection[str],
    aliases: Collection[str],
) -> Iterable[tuple[Place, str]]:
    """What the file names and nobody may from the web."""
    try:
        file = validate(StudyFile, with_digests(data, files))
    except DeclarationError as error:
        return [(tuple(error.field.split(".")) if error.field else (), error.message)]
    return [(error.place, error.message) for error in outside_errors(file, uploads, aliases)]


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))

"""A study file as a site takes it: its files by their digests. Pure but for reading the files."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.studies.file.spec import StudySpec
from evalhub.studies.web.bundle import named_files


@dataclass(slots=True)
class HandedIn:
    """A study as JSON, which names each of its `files` as sha256:DIGEST."""

    document: dict[str, Any]
    files: dict[str, Path] = field(default_factory=dict)


def handed_in(spec: StudySpec) -> HandedIn:
    """The study of an operator's file as it is handed in to a site.

    Raises DataError for a file that isn't there.
    """
    found = HandedIn(json.loads(json.dumps(spec.document.data, default=str)))
    document = found.document
    del document["project"]  # the address says it
    for holder, key, place in named_files(document):
        if key == "recorded":
            holder[key] = _recorded(spec, found, holder[key], place[1], place[2])
        else:
            holder[key] = _named(spec, found, holder[key], *place)
    return found


def _recorded(
    spec: StudySpec, found: HandedIn, answers: str | dict[str, str], arm: str, part: str
) -> str | dict[str, str]:
    """One upload, or by test set the upload with the answers to it."""
    place = "arms", arm, part, "recorded"
    if isinstance(answers, str) and "{test_set}" not in answers:
        return _named(spec, found, answers, *place)
    if isinstance(answers, str):
        asked = spec.arms[arm].only or tuple(
            name
            for name, each in spec.test_sets.items()
            if part == "backend" or each.role != "development"
        )
        answers = dict.fromkeys(asked, answers)
    return {
        name: _named(spec, found, each.replace("{test_set}", name), *place)
        for name, each in answers.items()
    }


def _named(spec: StudySpec, found: HandedIn, named: str, *place: str) -> str:
    path = spec.file(named)
    try:
        with path.open("rb") as file:
            name = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        message = f"{named!r} can't be read: {error.strerror}"
        raise spec.document.error(place, message) from error
    found.files[name] = path
    return name

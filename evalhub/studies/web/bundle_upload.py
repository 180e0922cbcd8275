"""Prepare a study file for a site: its files by digest. Pure but for reading the files."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.studies.file.spec import StudySpec
from evalhub.studies.web.bundle import file_fields


@dataclass(slots=True)
class StudyBundle:
    """A study as JSON, which names each of its `files` as sha256:DIGEST."""

    document: dict[str, Any]
    files: dict[str, Path] = field(default_factory=dict)


def bundle_of(spec: StudySpec) -> StudyBundle:
    """The study of an operator's file in the form that a site takes.

    Raises DataError for a file that isn't there.
    """
    bundle = StudyBundle(json.loads(json.dumps(spec.document.data, default=str)))
    document = bundle.document
    del document["project"]  # the address says it
    for holder, key, path in file_fields(document):
        if key == "recorded":
            holder[key] = _bundle_answers(spec, bundle, holder[key], path[1], path[2])
        else:
            holder[key] = _bundle_file(spec, bundle, holder[key], *path)
    return bundle


def _bundle_answers(
    spec: StudySpec, bundle: StudyBundle, answers: str | dict[str, str], arm: str, part: str
) -> str | dict[str, str]:
    """The upload with an arm's answers, or one for each test set."""
    path = "arms", arm, part, "recorded"
    if isinstance(answers, str) and "{test_set}" not in answers:
        return _bundle_file(spec, bundle, answers, *path)
    if isinstance(answers, str):
        test_sets = spec.arms[arm].only or tuple(
            name
            for name, test_set in spec.test_sets.items()
            if part == "backend" or test_set.role != "development"
        )
        answers = dict.fromkeys(test_sets, answers)
    return {
        name: _bundle_file(spec, bundle, file.replace("{test_set}", name), *path)
        for name, file in answers.items()
    }


def _bundle_file(spec: StudySpec, bundle: StudyBundle, file_name: str, *at: str) -> str:
    path = spec.file(file_name)
    try:
        with path.open("rb") as file:
            name = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        message = f"{file_name!r} can't be read: {error.strerror}"
        raise spec.document.error(at, message) from error
    bundle.files[name] = path
    return name

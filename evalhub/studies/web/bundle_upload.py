"""Prepare a study file for a site: its files by digest, and the answers of arms that the site can't
ask, which are asked here. Pure but for reading the files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalhub.declare.outside import references_of
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.web.bundle import file_fields

if TYPE_CHECKING:
    from evalhub.studies.run.record import RecordedRun


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


def arms_asked_here(spec: StudySpec) -> list[str]:
    """The arms whose backend names an address, variable or file of this machine: a site accepts its
    operator's aliases alone."""
    return [
        name
        for name, arm in spec.arms.items()
        if arm.backend.live_backend is not None
        and any(
            what != "alias"
            for _, marks, _ in references_of(arm.backend.live_backend)
            for what in marks
        )
    ]


def recorded_fields(
    spec: StudySpec, runs: "Sequence[RecordedRun]", files: Mapping[str, Path]
) -> dict[str, dict[str, Any]]:
    """By arm: the fields that declare its answers as recorded in these files."""
    fields_by_arm: dict[str, dict[str, Any]] = {}
    for run in runs:
        arm = spec.arms[run.arm]
        if arm.only and run.test_set not in arm.only:
            continue
        part = "repeat" if run.repeat else "backend"
        fields = fields_by_arm.setdefault(
            run.arm, {"fields": {}, "notes": arm.notes or _notes(spec, run)}
        )
        answers = fields.setdefault(part, {"recorded": {}})
        answers["recorded"][run.test_set] = str(files[run.file].absolute())
    return fields_by_arm


def _notes(spec: StudySpec, of: "RecordedRun") -> str:
    """The version's notes: whose answers they are."""
    model = getattr(spec.arms[of.arm].backend.live_backend, "model", "")
    return f"answers of {model}, asked by the pipeline" if model else "asked by the pipeline"

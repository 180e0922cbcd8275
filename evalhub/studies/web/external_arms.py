"""Arms that a site can't ask: they are asked here, and their answers are uploaded. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalhub.declare.outside import references_of
from evalhub.studies.file.spec import StudySpec

if TYPE_CHECKING:
    from evalhub.studies.run.record import RecordedRun


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

"""What the page shows of a builder: its rows, the parts beside it, a preview and a trial."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from evalhub.declare.declaration import validate
from evalhub.features.study_builder.arm_rows import (
    ArmRow,
    arm_rows,
    baseline_choices,
    new_arm_choices,
)
from evalhub.features.study_builder.builder import REFUSED, Builder
from evalhub.features.study_builder.finishing import as_yaml, proposed_name
from evalhub.features.study_builder.flaws import StudyFlaw
from evalhub.features.study_builder.inputs import Inputs
from evalhub.features.study_builder.optional_parts import OptionalParts, optional_parts
from evalhub.features.study_builder.outlook import Outlook
from evalhub.features.study_builder.test_set_rows import (
    TestSetRow,
    metric_of,
    project_test_sets,
    skill_ticks,
    suite_values,
    test_set_rows,
)
from evalhub.studies.file.test_sets import ItemFields
from evalhub.studies.files.metric_preview import MetricPreview, RecordedFile, preview_metric
from evalhub.studies.web.bundle import file_fields, with_digests
from evalhub.studies.web.trial_request import TrialResult, TryError, try_item
from runners.backends.asking import BackendError


@dataclass(frozen=True, slots=True)
class FlawLink:
    """A flaw with the input that mends it: `target` is the input's id, or the study file's."""

    message: str
    label: str
    line: int | None
    target: str


def page_context(builder: Builder, *, preview: str, trial: str, typed: str) -> dict[str, Any]:
    """The template's values.

    Args:
        preview: the test set whose metric is previewed; "" for none.
        trial: the arm whose model is tried; "" for none.
        typed: an answer of the person's own for the preview.
    """
    question, finished = builder.question, builder.finished
    inputs = Inputs(question.document, builder.errors)
    outlook = builder.outlook
    showings = outlook.showings if isinstance(outlook, Outlook) else {}
    arms = arm_rows(question, finished, inputs, builder.aliases, builder.uploads)
    test_sets = test_set_rows(question, finished, inputs, showings, builder.uploads)
    parts = optional_parts(question, inputs, builder.aliases, finished.document)
    missing, labels = missing_parts(builder), _labels(arms, test_sets, parts)
    roles = Inputs(finished.document, builder.errors)
    return {
        "builder": builder,
        "arms": arms,
        "test_sets": test_sets,
        "parts": parts,
        "skills": skill_ticks(finished, showings),
        **suite_values(question),
        "suite_error": inputs.error_within("suite"),
        "name": inputs.text("name", "Name", usual=proposed_name(finished.document)),
        "baseline": roles.select("baseline", "Runs now", baseline_choices(question)),
        "candidate": roles.select(
            "candidate", "Candidate", [(name, name) for name in question.arms], redraws=True
        ),
        "new_arms": new_arm_choices(question, builder.aliases),
        "new_test_sets": project_test_sets(list(builder.test_sets())),
        "outlook": outlook if isinstance(outlook, Outlook) else None,
        "problem": outlook if isinstance(outlook, str) else "",
        "missing": missing,
        "flaws": _links(builder.flaws, labels),
        "open_points": [] if outlook or missing else _links(builder.current_flaws[:3], labels),
        "previewed": preview,
        "preview": preview_of(builder, preview, typed) if preview else None,
        "typed": typed,
        "trying": trial,
        "tried": trial_of(builder, trial) if trial else None,
    }


def missing_parts(builder: Builder) -> str:
    """What a study still needs, in words; "" if nothing."""
    arms = len(builder.question.arms)
    lacking = [
        {0: "two arms", 1: "another arm"}.get(arms, ""),
        "" if builder.question.test_sets or "suite" in builder.question.document else "a test set",
    ]
    return " and ".join(each for each in lacking if each)


def _links(flaws: list[StudyFlaw], labels: Mapping[str, str]) -> list[FlawLink]:
    """The flaws, each with the input that mends it, or with the nearest part of the page."""
    links = []
    for flaw in flaws:
        place = flaw.field
        while place and place not in labels:
            place = place.rpartition(".")[0]
        label = labels.get(flaw.field) or flaw.field
        links.append(FlawLink(flaw.message, label, flaw.line, place or "study-file"))
    return links


def _labels(
    arms: list[ArmRow], test_sets: list[TestSetRow], parts: OptionalParts
) -> dict[str, str]:
    """By the fields that the page has inputs or rows for, what people call them."""
    labels = {"name": "Name", "suite": "General skills"}
    if len(arms) > 1:
        labels |= {"baseline": "Runs now", "candidate": "Candidate"}
    for arm in arms:
        inputs = [*arm.prompt, *arm.more, *arm.columns]
        inputs += [each for example in arm.examples for each in example]
        labels |= {each.path: f"{arm.name}: {each.label}" for each in inputs}
        labels |= {arm.path: arm.name, arm.kind.path: arm.kind.label}
    for row in test_sets:
        inputs = [*row.options, *row.fields, *row.demands]
        labels |= {each.path: f"{row.name}: {each.label}" for each in inputs}
        whole = [row.metric, row.role, *([row.amount] if row.amount else [])]
        labels |= {row.path: row.name} | {each.path: each.label for each in whole}
    optional = [*parts.people, parts.question, *parts.judge, *parts.budget, *parts.rule]
    return labels | {each.path: each.label for each in optional}


def preview_of(builder: Builder, test_set: str, typed: str) -> "MetricPreview | str":
    """What the metric takes out of five answers; a sentence if that can't be shown."""
    declared = builder.question.test_sets.get(test_set)
    path = builder.items_file(test_set)
    if not isinstance(declared, dict) or path is None:
        return "Its items are in no file here."
    try:
        return preview_metric(
            project=builder.project,
            metric=metric_of(declared),
            items=path,
            mapping=validate(ItemFields, declared.get("fields", {})).mapping,
            arms=_recorded_files(builder, test_set),
            typed=typed,
        )
    except REFUSED as error:
        return builder.error_text(error)


def _recorded_files(builder: Builder, test_set: str) -> dict[str, RecordedFile]:
    files = {}
    for name, arm in builder.finished.document.get("arms", {}).items():
        backend = arm.get("backend") if isinstance(arm, dict) else None
        recorded = backend.get("recorded") if isinstance(backend, dict) else None
        file = recorded.get(test_set) if isinstance(recorded, dict) else recorded
        digest = builder.finished.files.get(PurePosixPath(str(file)).name, "")
        if digest in builder.uploads:
            fields = arm.get("fields") or {}
            files[name] = RecordedFile(
                builder.uploads[digest], fields.get("id", "id"), fields.get("output", "output")
            )
    return files


def trial_of(builder: Builder, arm: str) -> "TrialResult | str":
    """The answer of an arm's model to the first item; a sentence if it can't be asked."""
    declared = builder.question.arms.get(arm)
    sets = ((name, builder.items_file(name)) for name in builder.question.test_sets)
    test_set, path = next(((name, path) for name, path in sets if path is not None), ("", None))
    if path is None or not isinstance(declared, dict):
        return "Add a test set first: the trial asks its first item."
    fields = builder.question.test_sets[test_set].get("fields", {})
    alone = {key: each for key, each in declared.items() if key not in ("parent", "only")}
    try:
        arms = with_digests({"arms": {arm: alone}}, builder.question.files)["arms"]
        return try_item(
            project=builder.project,
            by=builder.by,
            arm=arms[arm],
            aliases=builder.aliases,
            items=path,
            mapping=validate(ItemFields, fields).mapping,
        )
    except (*REFUSED, BackendError, TryError) as error:
        return builder.error_text(error)


def as_zip(builder: Builder) -> bytes:
    """The study file with the files that it names beside it, as a zip."""
    finished, packed = builder.finished, BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        project = {"project": builder.project.slug}
        document = {"schema": finished.document["schema"], **project, **finished.document}
        archive.writestr("study.yaml", as_yaml(document))
        for name in sorted(_names(finished.document)):
            digest = finished.files.get(name, "")
            if digest in builder.uploads:
                archive.write(builder.uploads[digest], name)
    return packed.getvalue()


def _names(document: dict[str, Any]) -> set[str]:
    names: set[str] = set()
    for holder, key, _ in file_fields(document):
        named = holder[key].values() if isinstance(holder[key], dict) else [holder[key]]
        names |= {PurePosixPath(str(each)).name for each in named}
    return names

"""A study file becomes rows: project, test sets, versions, runs, the study itself."""

from collections.abc import Callable
from itertools import product
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from evalhub.accounts.models import Project
from evalhub.files.items import FieldMapping, read_items
from evalhub.files.rows import DataError
from evalhub.gate.leakage.overlaps import check_overlaps
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import (
    Item,
    Metric,
    ModelVersion,
    Run,
    Study,
    StudyArm,
    StudyRun,
    StudyTestSet,
    TestSetVersion,
)
from evalhub.registry.models.studies import ArmRole
from evalhub.registry.specs import SpecError
from evalhub.registry.versions import register_metric, register_version
from evalhub.stats.errors import StatisticsError
from evalhub.studies.checks import FINE_TUNED
from evalhub.studies.spec import ArmSpec, StudySpec, TestSetSpec
from evalhub.verdict.mix import item_weights
from reviews.errors import PlanError
from reviews.planning.campaign import check_question
from runners.backends import BackendError, check_backend
from runners.launch import launch
from runners.metrics import MetricError, Scorer, scorer

type Progress = Callable[[str, int], None]
"""Called with a test set's name and the line of its file that has been read."""


@transaction.atomic
def register_study(spec: StudySpec, *, progress: Progress | None = None) -> Study:
    """Writes all that a study file says, and launches its runs; all of it or nothing.

    What is there already is found again, so that a second call changes nothing, and a call with a
    changed file adds what is new: a new test set version, a new model version, a new run.

    Raises:
        evalhub.files.rows.DataError: what is wrong with a file, with its line and field.
        runners.launch.LaunchError: answers that don't belong to the test set.
    """
    scorers = {name: _scorer(spec, test_set) for name, test_set in spec.test_sets.items()}
    for arm in spec.arms.values():
        _check_backend(spec, arm)
    _check_review(spec)
    project, _ = Project.objects.get_or_create(slug=spec.project, defaults={"name": spec.project})
    sets = {
        name: _test_set(project, test_set, scorers[name], progress)
        for name, test_set in spec.test_sets.items()
    }
    for name, test_set in spec.test_sets.items():
        _check_mix(spec, test_set, sets[name][0])
    versions = _versions(spec, project)
    study, _ = Study.objects.update_or_create(
        project=project,
        slug=slugify(spec.name)[:120],
        defaults={
            "name": spec.name,
            "policy": spec.policy,
            "review": spec.review,
        },
    )
    _link(spec, study, sets, versions)
    _check_training(spec, sets, versions)
    return study


def _scorer(spec: StudySpec, test_set: TestSetSpec) -> Scorer:
    try:
        return scorer(test_set.metric, **test_set.options)
    except (MetricError, TypeError) as error:
        raise spec.document.error(["test_sets", test_set.name, "metric"], str(error)) from error


def _check_backend(spec: StudySpec, arm: ArmSpec) -> None:
    try:
        check_backend(arm.backend)
    except BackendError as error:
        raise spec.document.error(["arms", arm.name, "backend"], str(error)) from error


def _check_review(spec: StudySpec) -> None:
    """The question now, not when all runs are done."""
    if spec.review is None:
        return
    try:
        check_question(spec.review.question, (spec.baseline, spec.candidate))
    except PlanError as error:
        raise spec.document.error(["review", "question"], str(error)) from error


def _test_set(
    project: Project, spec: TestSetSpec, score: Scorer, progress: Progress | None
) -> tuple[TestSetVersion, Metric]:
    mapping = FieldMapping(**spec.fields)
    version = import_test_set(
        project=project,
        slug=spec.name,
        path=spec.file,
        purpose=spec.purpose,
        mapping=mapping,
        progress=None if progress is None else lambda line: progress(spec.name, line),
    )
    if score.metric.compares:
        bare = Item.objects.filter(version=version, references=[]).first()
        if bare is not None:
            line = next(
                line for line, item in read_items(spec.file, mapping) if item.key == bare.key
            )
            raise DataError(
                f"{spec.metric} needs a reference, and item '{bare.key}' has none",
                file=str(spec.file),
                line=line,
                field=str(spec.fields.get("reference", "reference")),
            )
    return version, register_metric(name=spec.metric, options=score.metric.options)


def _check_mix(spec: StudySpec, test_set: TestSetSpec, version: TestSetVersion) -> None:
    """That the items can be weighted to production's mix, before anything is asked."""
    if not test_set.mix:
        return
    tags = Item.objects.filter(version=version).values_list("tags", flat=True)
    try:
        item_weights(list(tags), test_set.mix)
    except StatisticsError as error:
        raise spec.document.error(["test_sets", test_set.name, "mix"], str(error)) from error


def _versions(spec: StudySpec, project: Project) -> dict[str, ModelVersion]:
    found: dict[str, ModelVersion] = {}
    for name, arm in spec.arms.items():
        try:
            found[name] = register_version(
                project=project,
                slug=name,
                kind=arm.kind,
                parent=found[arm.parent] if arm.parent else None,
                backend=arm.backend,
                prompt=arm.prompt,
                sampling=arm.sampling,
                training=arm.training,
                notes=arm.notes,
            )
        except SpecError as error:
            where: list[Any] = ["arms", name, *error.field.split(".")]
            raise spec.document.error(where, error.message) from error
    return found


def _check_training(
    spec: StudySpec,
    sets: dict[str, tuple[TestSetVersion, Metric]],
    versions: dict[str, ModelVersion],
) -> None:
    """Looks for the test sets' items in what the arms say they were trained on."""
    if spec.policy.leakage == "off":
        return
    for name, arm in spec.arms.items():
        path = arm.training_file(spec.folder)
        if path is not None:
            check_overlaps(
                version=versions[name],
                test_set_versions=[version for version, _ in sets.values()],
                path=path,
            )


def _link(
    spec: StudySpec,
    study: Study,
    sets: dict[str, tuple[TestSetVersion, Metric]],
    versions: dict[str, ModelVersion],
) -> None:
    """The study's arms and test sets as the file has them now, each pair with its run."""
    study.arms.all().delete()
    study.test_sets.all().delete()
    rows = {
        name: StudyTestSet.objects.create(
            study=study,
            name=name,
            position=position,
            test_set_version=version,
            role=spec.test_sets[name].role,
            metric=metric,
            margin=spec.test_sets[name].margin,
            min_gain=spec.test_sets[name].min_gain,
            tier=spec.test_sets[name].tier,
            relative_margin=spec.test_sets[name].relative_margin,
            planned_gain=spec.test_sets[name].planned_gain,
            mix=spec.test_sets[name].mix,
        )
        for position, (name, (version, metric)) in enumerate(sets.items())
    }
    repeated = _repeated(spec)
    runs: dict[tuple[str, str, int], Run] = {}
    for position, (name, arm) in enumerate(spec.arms.items()):
        row = StudyArm.objects.create(
            study=study,
            name=name,
            position=position,
            role=_role(spec, name),
            version=versions[name],
        )
        for test_set, repeat in product(sets, (0, 1) if name in repeated else (0,)):
            if arm.only and test_set not in arm.only and arm.parent:
                shared = runs.get((arm.parent, test_set, repeat))
                if shared is None:
                    continue
                run = shared
            else:
                version, metric = sets[test_set]
                answers = arm.repeated if repeat else arm.answers
                run = launch(
                    version=versions[name],
                    test_set_version=version,
                    metrics=[metric],
                    answers=answers(spec.folder, test_set),
                    id_field=arm.id_field,
                    output_field=arm.output_field,
                    repeat=repeat,
                )
            runs[name, test_set, repeat] = run
            StudyRun.objects.create(arm=row, test_set=rows[test_set], run=run, repeat=repeat)


def _repeated(spec: StudySpec) -> list[str]:
    """The arms that are asked twice, to see what a second run alone changes."""
    if not spec.policy.noise_floor:
        return []
    if spec.policy.development is None:
        return [spec.baseline]
    return [name for name, arm in spec.arms.items() if arm.kind not in FINE_TUNED]


def _role(spec: StudySpec, arm: str) -> ArmRole:
    if arm == spec.baseline:
        return ArmRole.BASELINE
    return ArmRole.CANDIDATE if arm == spec.candidate else ArmRole.ALTERNATIVE

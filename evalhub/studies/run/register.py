"""Register a study file: project, test sets, versions, runs, and the study itself."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Model

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.decision.policy import StudySettings
from evalhub.declare.declaration import DeclarationError
from evalhub.ledger.champion_answers import other_answers
from evalhub.ledger.models import Promotion
from evalhub.ledger.retirement import retirement_flaws
from evalhub.registry.development import read_freely, shared_items
from evalhub.registry.live_studies import check_not_live
from evalhub.registry.models import (
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
from evalhub.registry.slugs import slug_of
from evalhub.registry.version_names import answering_version
from evalhub.registry.versions import register_version
from evalhub.studies.file.drawing import draw_items
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.run.charges import charges_of
from evalhub.studies.run.judges import register_judges, settings_with_judge
from evalhub.studies.run.linked import (
    check_same_policy,
    comparable_rows,
    note_change,
    note_policy_change,
    policy_of,
)
from evalhub.studies.run.register_items import (
    Progress,
    check_weights,
    merge_equal_sets,
    register_test_set,
    test_set_rows,
)
from evalhub.studies.run.register_runs import launch_runs
from evalhub.studies.run.retrieval import with_documents
from reviews.errors import PlanError
from runners.spending import Charges


@transaction.atomic
def register_study(
    spec: StudySpec,
    *,
    by: User | None = None,
    progress: Progress | None = None,
    may_change_policy: bool = True,
) -> Study:
    """Writes everything in a study file and launches its runs, in one transaction.

    What is there already is found again: a second call with an unchanged file changes no row, and
    a call with a changed file adds what is new: a new test set version, a new model version, a new
    run. The study is known by its slug: by the file's `slug`, else by one made from its name.

    Args:
        by: who hands it in, whom the audit log names where a study is started or its policy changed
            by it; None: the operator.
        may_change_policy: whether a study that is there may be asked otherwise.

    Raises:
        evalhub.io.rows.DataError: what is wrong with a file, with its line and field.
        evalhub.studies.run.linked.PolicyScopeError: the policy would change, and may not.
        runners.launch_checks.LaunchError: answers that don't belong to the test set.
    """
    _check_review(spec)
    project, _ = Project.objects.get_or_create(slug=spec.project, defaults={"name": spec.project})
    judges = register_judges(spec, project)
    sets = {
        name: register_test_set(spec, project, name, test_set, judges, progress)
        for name, test_set in spec.test_sets.items()
    }
    _check_retired(spec, sets)
    versions = _versions(spec, project, spec.arms)
    champion = _check_promoted(spec, project, versions)
    existing = _existing_study(spec, project)
    sets = merge_equal_sets(spec, sets, existing)
    before = comparable_rows(existing) if existing else None
    old_policy = policy_of(existing) if existing else None
    study = _study(spec, project, existing, settings_with_judge(spec, judges))
    if existing is None:
        note(Action.STUDY_STARTED, by=by, project=project, what=f"{study.in_the_log}{study}")
    sets |= draw_items(spec, study, sets, versions)
    for name, test_set in spec.test_sets.items():
        check_weights(spec, name, test_set, sets[name][0])
    _link(spec, study, sets, versions, charges_of(spec, project, versions, judges))
    _check_answers(spec, champion, study)
    if before is not None:
        note_change(study, before=before)
    if old_policy is not None:
        if not may_change_policy:
            check_same_policy(study, old_policy)
        note_policy_change(study, by=by, before=old_policy)
    _check_training(spec, sets, versions)
    from evalhub.ledger.near_copies import look_for_repeats  # numpy, which `record` doesn't need

    look_for_repeats([each.test_set_version for each in study.test_sets.judged()])
    return study


@transaction.atomic
def register_arms(
    spec: StudySpec, arms: Sequence[str], *, progress: Progress | None = None
) -> dict[tuple[str, str, int], Run]:
    """Launches the runs of some of a study's arms, without the study; the key is (arm, test set,
    repeat).

    The study, registered later, finds them again with their answers. All of it or nothing.

    Raises what `register_study` raises, and DataError for a pool, of which nobody knows yet what a
    question draws.
    """
    for name, test_set in spec.test_sets.items():
        if test_set.draw is not None:
            raise spec.document.error(
                ["test_sets", name, "draw"],
                "a question draws its items when it is asked, so that nobody can answer them now: "
                "leave draw out",
            )
    project, _ = Project.objects.get_or_create(slug=spec.project, defaults={"name": spec.project})
    judges = register_judges(spec, project)
    sets = {
        name: register_test_set(spec, project, name, test_set, judges, progress)
        for name, test_set in spec.test_sets.items()
    }
    _check_retired(spec, sets)
    sets = merge_equal_sets(spec, sets, _existing_study(spec, project))
    needed = set(arms)
    for name in reversed(spec.arms):
        if name in needed and (parent := spec.arms[name].parent):
            needed.add(parent)
    versions = _versions(spec, project, needed)
    return launch_runs(
        spec,
        sets,
        {name: versions[name] for name in spec.arms if name in arms},
        charges_of(spec, project, arms, judges),
    )


def _check_retired(spec: StudySpec, sets: Mapping[str, tuple[TestSetVersion, Metric]]) -> None:
    """Checks that something may be judged on the items: they aren't given up for training."""
    for name, (version, _) in sets.items():
        if spec.test_sets[name].role != "development":
            for flaw in retirement_flaws([version]):
                raise spec.document.error(["test_sets", name], flaw)


def _existing_study(spec: StudySpec, project: Project) -> Study | None:
    slug = spec.slug or slug_of(spec.name)
    check_not_live(slug, project=project.slug)
    return Study.objects.filter(project=project, slug=slug).first()


def _check_review(spec: StudySpec) -> None:
    """Checks the review's question now, and not only when all runs have ended."""
    if spec.review is None:
        return
    from reviews.planning.campaign import check_question

    try:
        check_question(spec.review.question, (spec.baseline, spec.candidate))
    except PlanError as error:
        raise spec.document.error(["review", "question"], str(error)) from error


def _versions(spec: StudySpec, project: Project, arms: Collection[str]) -> dict[str, ModelVersion]:
    """The versions of these arms, which include their parents."""
    versions: dict[str, ModelVersion] = {}
    for name in (each for each in spec.arms if each in arms):
        arm = spec.arms[name]
        try:
            backend = arm.spec.resolve(spec.file)
        except DeclarationError as error:
            path = ["arms", name, "backend", arm.spec.type, error.field]
            raise spec.document.error(path, error.message) from error
        try:
            prompt = with_documents(arm.prompt, project=project, file=spec.file)
        except DeclarationError as error:
            path = ["arms", name, "prompt", "retriever", error.field]
            raise spec.document.error(path, error.message) from error
        try:
            versions[name] = register_version(
                project=project,
                slug=name,
                kind=arm.kind,
                parent=versions[arm.parent] if arm.parent else None,
                backend=backend,
                prompt=prompt,
                sampling=arm.sampling,
                training=arm.training,
                notes=arm.notes,
            )
        except DeclarationError as error:
            path = ["arms", name, *error.field.split(".")]
            raise spec.document.error(path, error.message) from error
    return versions


def _check_promoted(
    spec: StudySpec, project: Project, versions: dict[str, ModelVersion]
) -> Promotion | None:
    """Checks that the baseline is the project's champion, if the file requires it. Returns its
    promotion."""
    if not spec.policy.promoted:
        return None
    promoted = Promotion.objects.current(project)
    if promoted is None:
        raise spec.document.error(
            ["promoted"],
            f"{project} has no champion yet: decide without this, and promote a decision's arm",
        )
    baseline = versions[spec.baseline]
    if answering_version(baseline) != promoted.version:
        raise spec.document.error(
            ["baseline"],
            f"{spec.baseline} is {baseline}, and the champion of {project} is {promoted.version} "
            f"since {promoted.created:%Y-%m-%d} (by {promoted.ground}): judge against that",
        )
    return promoted


def _check_answers(spec: StudySpec, champion: Promotion | None, study: Study) -> None:
    """Checks that the champion's recorded answers are the ones by which it was judged."""
    if champion is None:
        return
    runs = Run.objects.filter(studies__arm__study=study, studies__arm__role=ArmRole.BASELINE)
    others = other_answers(champion, runs.filter(repeat=0).distinct())
    if others is not None:
        raise spec.document.error(["arms", spec.baseline, "backend"], str(others))


def _check_training(
    spec: StudySpec,
    sets: dict[str, tuple[TestSetVersion, Metric]],
    versions: dict[str, ModelVersion],
) -> None:
    """Looks for the test sets' items in the arms' training data."""
    if spec.policy.leakage == "off":
        return
    judged = [
        version
        for test_set, (version, _) in sets.items()
        if spec.test_sets[test_set].role != "development"
    ]
    for name, arm in spec.arms.items():
        path = arm.training_file(spec.file)
        if path is None and arm.training.fields_with_names.fields.dataset_sha256 is None:
            continue
        from evalhub.ledger.leakage.overlaps import check_kept_file, check_overlaps

        if path is not None:
            check_overlaps(version=versions[name], test_set_versions=judged, path=path)
        else:
            check_kept_file(version=versions[name], test_set_versions=judged)


def _study(
    spec: StudySpec, project: Project, existing: Study | None, policy: StudySettings
) -> Study:
    slug = spec.slug or slug_of(spec.name)
    if existing is not None and spec.slug is None and existing.name != spec.name:
        raise spec.document.error(
            ["name"],
            f"gives the slug {slug!r}, which the study {existing.name!r} has: "
            "give this one a `slug`",
        )
    values = {"name": spec.name, "policy": policy, "review": spec.review}
    return _write_if_changed(existing, Study(project=project, slug=slug), values)


def _write_if_changed[R: Model](existing: R | None, new_row: R, values: Mapping[str, Any]) -> R:
    """The existing row, else `new_row`, with these values; written only if one differs."""
    row = existing or new_row
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if existing is None:
        row.save(force_insert=True)
    elif changed:
        row.save(update_fields=changed)
    return row


def _link(
    spec: StudySpec,
    study: Study,
    sets: dict[str, tuple[TestSetVersion, Metric]],
    versions: dict[str, ModelVersion],
    charges: Mapping[str, Charges],
) -> None:
    """Writes the study's arms and test sets as the file has them, and links each pair to its
    run."""
    test_sets = _link_test_sets(spec, study, sets)
    _keep_apart(spec, study, sets)
    arms = _link_arms(spec, study, versions)
    links = {
        (link.arm_id, link.test_set_id, link.repeat): link
        for link in StudyRun.objects.filter(arm__study=study)
    }
    for (name, test_set, repeat), run in launch_runs(spec, sets, versions, charges).items():
        arm = arms[name]
        forms = [guard.of(test_set) for guard in spec.test_sets[test_set].guards]
        for study_set in (test_sets[each] for each in (test_set, *forms)):
            link = links.pop((arm.pk, study_set.pk, repeat), None)
            new_link = StudyRun(arm=arm, test_set=study_set, repeat=repeat)
            _write_if_changed(link, new_link, {"run_id": run.pk})
    StudyRun.objects.filter(pk__in=[link.pk for link in links.values()]).delete()


def _keep_apart(
    spec: StudySpec, study: Study, sets: dict[str, tuple[TestSetVersion, Metric]]
) -> None:
    """Opens the development sets for reading. Raises if something is judged on their items."""
    for name, (version, _) in sets.items():
        if spec.test_sets[name].role == "development":
            read_freely(version)
    if shared := shared_items(study):
        raise spec.document.error(["test_sets", shared.mine.name, "role"], str(shared))


def _link_test_sets(
    spec: StudySpec, study: Study, sets: dict[str, tuple[TestSetVersion, Metric]]
) -> dict[str, StudyTestSet]:
    rows = test_set_rows(spec, sets)
    study.test_sets.exclude(name__in=rows).delete()
    existing = {each.name: each for each in study.test_sets.all()}
    return {
        name: _write_if_changed(
            existing.get(name),
            StudyTestSet(study=study, name=name),
            {"position": position, **columns},
        )
        for position, (name, columns) in enumerate(rows.items())
    }


def _link_arms(
    spec: StudySpec, study: Study, versions: dict[str, ModelVersion]
) -> dict[str, StudyArm]:
    study.arms.exclude(name__in=versions).delete()
    roles = {name: _role(spec, name) for name in versions}
    # A study has one baseline and one candidate at any moment: first free the roles.
    left = [each.pk for each in study.arms.all() if each.role != roles[each.name]]
    if left:
        study.arms.filter(pk__in=left).update(role=ArmRole.ALTERNATIVE)
    existing = {each.name: each for each in study.arms.all()}
    return {
        name: _write_if_changed(
            existing.get(name),
            StudyArm(study=study, name=name),
            {"position": position, "role": roles[name], "version_id": version.pk},
        )
        for position, (name, version) in enumerate(versions.items())
    }


def _role(spec: StudySpec, arm: str) -> ArmRole:
    if arm == spec.baseline:
        return ArmRole.BASELINE
    return ArmRole.CANDIDATE if arm == spec.candidate else ArmRole.ALTERNATIVE

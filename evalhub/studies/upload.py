"""An upload of pairs becomes a test set version, two recorded versions and their runs."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.files.limits import COMMAND, Limits
from evalhub.files.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.importing import publish_test_set, stage_test_set
from evalhub.registry.models import ModelVersion, Run, TestSetVersion
from evalhub.registry.models.versions import Kind
from evalhub.registry.slugs import slug_of
from evalhub.registry.versions import publish_version, stage_version
from evalhub.schemas.declaration import DeclarationError
from reviews.planning.upload import ARMS, USUAL, Columns, Split, split_pairs
from runners.backends.recorded import RecordedBackend
from runners.execute import process_shard
from runners.launch import launch_staged, recorded_run
from runners.outcome import check
from runners.recorded import stage_answers


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An upload in the registry: the runs that a campaign is opened over."""

    baseline_run: Run
    candidate_run: Run


def register_upload(
    *,
    project: Project,
    by: User | None,
    name: str,
    path: Path,
    right_path: Path | None = None,
    columns: Columns = USUAL,
    arms: tuple[str, str] = ARMS,
    limits: Limits = COMMAND,
) -> Uploaded:
    """The runs of an upload's two sides; the same file again is the same runs. All or nothing.

    The test set takes `name`, the two models take it with the arm's. The files are read whole,
    within `limits`, before anything is written; then it is written in short transactions, so that
    nobody waits for it, and seen once all of it is there.

    Raises DataError, naming the file, the line and the field; DeclarationError for a name that
    can't be; NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    slug = slug_of(name, limit=60)
    names = [f"{slug}-{slug_of(arm, limit=40)}" for arm in arms]
    if names[0] == names[1] or not all(text.strip() for text in (name, *arms)):
        raise DeclarationError("an upload and its two sides need names, and different ones", "name")
    with tempfile.TemporaryDirectory() as folder:
        found = split_pairs(
            path, into=Path(folder), columns=columns, right_path=right_path, limits=limits
        )
        written: list[drafts.Draft] = []
        try:
            version = _staged(project, slug, found, path, columns)
            written.append(version)
            runs = []
            for model, arm in zip(names, ARMS, strict=True):
                of = stage_version(
                    project=project, slug=model, kind=Kind.BASE, backend=RecordedBackend()
                )
                written.append(of)
                runs.append(_run(of, version, found.answers[arm]))
            launched = _seen(version, runs)
        finally:
            for draft in written:  # with the runs of it
                drafts.drop(draft)
    for run in launched:
        while process_shard(run.pk):
            pass
        run.refresh_from_db()
        check(run)
    return Uploaded(*launched)


@transaction.atomic
def _seen(version: TestSetVersion, runs: list[Run]) -> list[Run]:
    """The upload's drafts as what they are, all at once; or what is there of the same content."""
    publish_test_set(version)
    for run in runs:
        of = publish_version(run.version)
        if of != run.version:  # another upload made it meanwhile
            Run.with_drafts.filter(pk=run.pk).update(version=of)
            run.version = of
    return [launch_staged(run) for run in runs]


def _staged(
    project: Project,
    slug: str,
    found: Split,
    path: Path,
    columns: Columns,
) -> TestSetVersion:
    """The test set's draft, named for the upload; its errors speak of the upload's fields."""
    try:
        return stage_test_set(project=project, slug=slug, path=found.items)
    except DataError as error:
        names = {
            "id": columns.id,
            "input": columns.prompt,
            "context": columns.context,
            "tags": columns.tags,
            "cluster": columns.cluster,
        }
        line = found.lines["left"][error.line - 1] if error.line else None
        name = names.get(error.field or "", error.field)
        raise DataError(error.message, file=str(path), line=line, field=name) from error


def _run(of: ModelVersion, version: TestSetVersion, answers: Path) -> Run:
    """The run of recorded answers as a draft, or the one that is there."""
    asked = recorded_run(version=of, test_set_version=version, answers=answers)
    return asked if asked.pk else stage_answers(asked, answers)

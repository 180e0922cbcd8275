"""An upload of pairs becomes a test set version, two recorded versions and their runs."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.files.rows import DataError
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import Run, TestSetVersion
from evalhub.registry.slugs import slug_of
from evalhub.registry.versions import register_version
from evalhub.schemas.declaration import DeclarationError
from reviews.planning.upload import ARMS, USUAL, Columns, Split, split_pairs
from runners.backends.recorded import RecordedBackend
from runners.execute import process_shard
from runners.launch import launch
from runners.outcome import check


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An upload in the registry: the runs that a campaign is opened over."""

    baseline_run: Run
    candidate_run: Run


@transaction.atomic
def register_upload(
    *,
    project: Project,
    by: User | None,
    name: str,
    path: Path,
    right_path: Path | None = None,
    columns: Columns = USUAL,
    arms: tuple[str, str] = ARMS,
) -> Uploaded:
    """The runs of an upload's two sides; the same file again is the same runs. All or nothing.

    The test set takes `name`, the two models take it with the arm's.

    Raises DataError, naming the file, the line and the field; DeclarationError for a name that
    can't be; NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    slug = slug_of(name, limit=60)
    names = [f"{slug}-{slug_of(arm, limit=40)}" for arm in arms]
    if names[0] == names[1] or not all(text.strip() for text in (name, *arms)):
        raise DeclarationError("an upload and its two sides need names, and different ones", "name")
    with tempfile.TemporaryDirectory() as folder:
        found = split_pairs(path, into=Path(folder), columns=columns, right_path=right_path)
        version = _imported(project, slug, found, path, columns)
        runs = [
            _run(project, model, version, found.answers[arm])
            for model, arm in zip(names, ARMS, strict=True)
        ]
    return Uploaded(*runs)


def _imported(
    project: Project,
    slug: str,
    found: Split,
    path: Path,
    columns: Columns,
) -> TestSetVersion:
    """The test set's version, named for the upload; its errors speak of the upload's fields."""
    try:
        return import_test_set(project=project, slug=slug, path=found.items)
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


def _run(project: Project, model: str, version: TestSetVersion, answers: Path) -> Run:
    """The run of recorded answers, carried to its end here: there is nobody to ask."""
    of = register_version(project=project, slug=model, kind="base", backend=RecordedBackend())
    run = launch(version=of, test_set_version=version, metrics=[], answers=answers)
    while process_shard(run.pk):
        pass
    run.refresh_from_db()
    check(run)
    return run

"""Register an upload of pairs: a test set version, two recorded versions and their runs."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils.text import slugify

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.importing import publish_test_set, stage_test_set
from evalhub.registry.models import ModelVersion, Run, TestSetVersion
from evalhub.registry.models.runs import UNFINISHED
from evalhub.registry.models.versions import Kind
from evalhub.registry.slugs import slug_of
from evalhub.registry.versions import publish_version, stage_version
from reviews.planning.upload import ARMS, USUAL, Columns, Split, split_pairs
from runners.backends.recorded import RecordedBackend
from runners.execute import process_shard
from runners.launch import launch_staged, run_of_answers
from runners.outcome import check
from runners.recorded import stage_answers

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class RegisteredUpload:
    """An upload in the registry: the runs that a campaign is opened over."""

    baseline_run: Run
    candidate_run: Run


@dataclass(slots=True)
class StagedUpload:
    """An upload that is written, in short transactions, and that nobody sees before `publish`."""

    project: Project
    slug: str
    models: tuple[str, str]
    path: Path
    columns: Columns
    found: Split
    runs: list[Run] = field(default_factory=list)
    _written: list[drafts.Draft] = field(default_factory=list)

    def stage(self) -> None:
        """Writes what doesn't exist yet; `drop` deletes it."""
        version = _stage_items(self.project, self.slug, self.found, self.path, self.columns)
        self._written, self.runs = [version], []
        for model, arm in zip(self.models, ARMS, strict=True):
            of = stage_version(
                project=self.project, slug=model, kind=Kind.BASE, backend=RecordedBackend()
            )
            self._written.append(of)
            self.runs.append(_run(of, version, self.found.answers[arm]))

    def drop(self) -> None:
        """Deletes what was written and not published; does nothing if all was."""
        for draft in (*self.runs, *self._written):
            drafts.drop(draft)

    def publish(self) -> RegisteredUpload:
        """Publishes the upload's runs all at once, and completes them."""
        while (launched := _publish_drafts(self.project, self.runs)) is None:
            # Another upload has made its items: the answers are joined to those.
            self.drop()
            self.stage()
        for run in launched:
            complete(run)
        return RegisteredUpload(*launched)


@contextmanager
def stage_upload(
    *,
    project: Project,
    by: User | None,
    name: str,
    path: Path,
    right_path: Path | None = None,
    columns: Columns = USUAL,
    arms: tuple[str, str] = ARMS,
    limits: Limits = COMMAND,
) -> Iterator[StagedUpload]:
    """An upload to check and to publish; what isn't published when the block ends is deleted.

    The test set takes `name`; the two models are called as the arms are, and where nobody named
    an arm, `name` stands before it. The files are read whole,
    within `limits`, before anything is written; then it is written in short transactions, so that
    nobody waits for it, and seen once all of it is there.

    Raises DataError, naming the file, the line and the field; DeclarationError for a name that
    can't be; NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    slug = slug_of(name, limit=60)
    left, right = (_model_of(arm, name, default) for arm, default in zip(arms, ARMS, strict=True))
    if left == right or not all(text.strip() for text in (name, *arms)):
        raise DeclarationError("an upload and its two sides need names, and different ones", "name")
    with tempfile.TemporaryDirectory() as folder:
        split = split_pairs(
            path, into=Path(folder), columns=columns, right_path=right_path, limits=limits
        )
        upload = StagedUpload(project, slug, (left, right), path, columns, split)
        try:
            upload.stage()
            yield upload
        finally:
            upload.drop()


def _model_of(arm: str, name: str, default: str) -> str:
    """The slug of an arm's model."""
    if arm != default:
        return slug_of(arm, limit=80)
    return f"{slugify(name)[:60].strip('-_') or slug_of(name, limit=60)}-{arm}"


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
) -> RegisteredUpload:
    """The runs of an upload's two sides; the same file again gives the same runs. All or nothing.

    As `staged_upload`, published. Raises what that does.
    """
    with stage_upload(
        project=project,
        by=by,
        name=name,
        path=path,
        right_path=right_path,
        columns=columns,
        arms=arms,
        limits=limits,
    ) as upload:
        return upload.publish()


@transaction.atomic
def _publish_drafts(project: Project, runs: list[Run]) -> list[Run] | None:
    """Publishes the upload's drafts all at once. Returns the launched runs, or the existing ones of
    the same content.

    None, and nothing is written, where another upload has made the test set's version meanwhile.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # they take turns
    version = runs[0].test_set_version
    if publish_test_set(version) != version:
        return None
    for run in runs:
        of = publish_version(run.version)
        if of != run.version:  # another upload made it meanwhile
            Run.with_drafts.filter(pk=run.pk).update(version=of)
            run.version = of
    return [launch_staged(run) for run in runs]


def complete(run: Run) -> None:
    """Completes a run, or waits for the process that does. Raises RunFailed."""
    while run.state in UNFINISHED:
        more = process_shard(run.pk)
        run.refresh_from_db()
        if not more and run.state in UNFINISHED:
            time.sleep(POLL_S)
    check(run)


def _stage_items(
    project: Project,
    slug: str,
    split: Split,
    path: Path,
    columns: Columns,
) -> TestSetVersion:
    """The test set's draft, named for the upload; its errors name the upload's fields."""
    try:
        return stage_test_set(project=project, slug=slug, path=split.items)
    except DataError as error:
        names = {
            "id": columns.id,
            "input": columns.prompt,
            "context": columns.context,
            "tags": columns.tags,
            "cluster": columns.cluster,
        }
        line = split.lines["left"][error.line - 1] if error.line else None
        name = names.get(error.field or "", error.field)
        raise DataError(error.message, file=str(path), line=line, field=name) from error


def _run(of: ModelVersion, version: TestSetVersion, answers: Path) -> Run:
    """The run of recorded answers as a draft, or the existing one."""
    run = run_of_answers(version=of, test_set_version=version, answers=answers)
    return run if run.pk else stage_answers(run, answers)

"""Import another tool's log as test sets, versions and runs with its scores."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.sections.imported import ToolFigure
from evalhub.declare.declaration import DeclarationError
from evalhub.importers.kinds import FieldsError, log_kinds, one_arm, read_arms
from evalhub.importers.log import LoggedArm, Task, ToolMetric
from evalhub.importers.plain import PlainFile, answers_file, items_file
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.row_paths import USUAL, RowMapping
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.importing import publish_test_set, stage_test_set
from evalhub.registry.models import Metric, ModelVersion, Run, TestSetVersion
from evalhub.registry.models.versions import Kind
from evalhub.registry.slugs import slug_of
from evalhub.registry.versions import publish_version, register_metric, stage_version
from runners.backends.recorded import RecordedBackend
from runners.launch import launch_staged, run_of_answers
from runners.metrics import scorer
from runners.recorded import stage_answers


@dataclass(frozen=True, slots=True)
class ImportedTask:
    """One arm's answers to one task, as a run.

    Attributes:
        metrics: the names of the scores that came with the answers.
        left_out: by a metric's name, why its scores weren't taken.
        disagreeing: metrics of which the log's own figure isn't the mean of the log's scores. No
            number is told: the scores stay sealed until a decision reads them.
    """

    arm: str
    task: str
    run: Run
    metrics: tuple[str, ...]
    left_out: Mapping[str, str]
    disagreeing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What becomes of a log.

    Attributes:
        arm: the only arm to take, of a log of several.
        test_set: what the test set is called, or what its name begins with where the log has
            several tasks; needed where the tool has no names for them.
        model: what the model is called; None: as in the log.
        model_kind: which kind of version it is.
        fields: of plain rows, where they are and what is read of each.
    """

    arm: str | None = None
    test_set: str | None = None
    model: str | None = None
    model_kind: str = Kind.BASE
    fields: RowMapping = USUAL


def import_log(
    *,
    project: Project,
    by: User | None,
    kind: str,
    path: Path,
    request: ImportRequest = ImportRequest(),
    limits: Limits = COMMAND,
) -> list[ImportedTask]:
    """The launched runs of a log's arms on its tasks; importing the same log again gives the same
    runs.

    The log is read whole, within `limits` for all of its files, before anything is written, and
    all of it is written or nothing. Answers, errors and scores are those of the log; its metrics
    are `recorded` scores.

    Args:
        kind: of evalhub.importers.kinds.log_kinds.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DataError: what is wrong with the log, with its line and field.
        DeclarationError: a kind, a name or an arm that can't be.
    """
    check_evaluates(by, project)
    if kind not in log_kinds():
        raise DeclarationError(f"{kind!r} isn't one of {', '.join(log_kinds())}", "kind")
    _check_size(path, limits)
    try:
        arms = read_arms(kind, path, limits, request.fields)
    except FieldsError as error:
        raise DeclarationError(str(error), "fields") from error
    if request.arm is not None:
        arms = [one_arm(arms, request.arm, path, option="--arm")]
    if request.model is not None and len(arms) > 1:
        names = ", ".join(each.name for each in arms)
        raise DeclarationError(f"names one model, and the log has {names}: choose an arm", "model")
    slugs = _slugs(arms, kind, request.test_set)
    with TemporaryDirectory() as folder:
        log = _StagedLog(project, request)
        try:
            log.stage(arms, slugs, Path(folder))
            while not log.publish():
                # Another import has made its items: the answers are joined to those.
                log.drop()
                log.stage(arms, slugs, Path(folder))
        finally:
            log.drop()
    return log.found


def _check_size(path: Path, limits: Limits) -> None:
    """Checks that the log's files together aren't larger than the limit."""
    if limits.bytes is None or not path.is_dir():
        return
    size = sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    if size > limits.bytes:
        raise DataError(
            f"its files have {size:,} bytes, and at most {limits.bytes:,} are read", file=str(path)
        )


class _StagedLog:
    """A log that is written in short transactions, and that nobody sees before `publish`."""

    def __init__(self, project: Project, request: ImportRequest) -> None:
        self.project, self.request = project, request
        self.found: list[ImportedTask] = []
        self._metrics: list[list[Metric]] = []
        self._sets: dict[tuple[str, str], TestSetVersion] = {}
        self._versions: dict[str, ModelVersion] = {}

    def stage(self, arms: list[LoggedArm], slugs: Mapping[str, str], folder: Path) -> None:
        """Writes what doesn't exist yet; `drop` deletes it. Raises DataError."""
        self.found, self._metrics, self._sets, self._versions = [], [], {}, {}
        for arm, task in [(each, task) for each in arms for task in each.tasks.values()]:
            items = items_file(task.items.values(), folder / "items.jsonl", task.file)
            answers = answers_file(task, folder / "answers.jsonl")
            try:
                test_set_version = self._stage_set(slugs[task.name], items)
                run = run_of_answers(
                    version=self._stage_version(slug_of(self.request.model or arm.name)),
                    test_set_version=test_set_version,
                    answers=answers.path,
                )
                if run.pk is None:
                    run = stage_answers(run, answers.path)
            except DataError as error:
                raise answers.of_log(items.of_log(error)) from error
            metrics, left_out = _metrics(task)
            self._metrics.append(metrics)
            self.found.append(_task_result(arm, task, run, left_out))

    def drop(self) -> None:
        """Deletes what was written and not published; does nothing if all was."""
        for imported in self.found:
            drafts.drop(imported.run)
        for version in self._versions.values():
            drafts.drop(version)
        for test_set_version in self._sets.values():
            drafts.drop(test_set_version)

    @transaction.atomic
    def publish(self) -> bool:
        """Publishes the runs all at once; false, with nothing written, if another import has made
        one of the test sets' versions meanwhile."""
        Project.objects.select_for_update(no_key=True).get(pk=self.project.pk)  # they take turns
        if any(publish_test_set(each) != each for each in self._sets.values()):
            transaction.set_rollback(True)
            return False
        versions = {each.pk: publish_version(each) for each in self._versions.values()}
        for number, (imported, metrics) in enumerate(zip(self.found, self._metrics, strict=True)):
            run = imported.run
            of = versions.get(run.version_id, run.version)
            if run.draft_until is not None and of != run.version:
                Run.with_drafts.filter(pk=run.pk).update(version=of)
            run.version = of
            self.found[number] = replace(imported, run=launch_staged(run, metrics))
        return True

    def _stage_set(self, slug: str, items: PlainFile) -> TestSetVersion:
        key = slug, items.digest()
        if key not in self._sets:
            self._sets[key] = stage_test_set(project=self.project, slug=slug, path=items.path)
        return self._sets[key]

    def _stage_version(self, slug: str) -> ModelVersion:
        if slug not in self._versions:
            self._versions[slug] = stage_version(
                project=self.project,
                slug=slug,
                kind=self.request.model_kind,
                backend=RecordedBackend(),
            )
        return self._versions[slug]


def _slugs(arms: list[LoggedArm], kind: str, name: str | None) -> dict[str, str]:
    """The project's test set for each task, by slug."""
    tasks = list(dict.fromkeys(name for arm in arms for name in arm.tasks))
    if name is None:
        if not log_kinds()[kind].names_tasks:
            raise DeclarationError(
                f"is needed: {log_kinds()[kind].words} has no name for what it asks", "test_set"
            )
        return {task: slug_of(task) for task in tasks}
    if len(tasks) == 1:
        return {tasks[0]: slug_of(name)}
    return {task: slug_of(f"{name}-{task}") for task in tasks}


def _task_result(arm: LoggedArm, task: Task, run: Run, left_out: Mapping[str, str]) -> ImportedTask:
    figures = [_figure(task, each) for each in task.metrics.values()]
    return ImportedTask(
        arm=arm.name,
        task=task.name,
        run=run,
        metrics=tuple(name for name in task.metrics if name not in left_out),
        left_out=left_out,
        disagreeing=tuple(each.metric for each in figures if each.agrees is False),
    )


def _metrics(task: Task) -> tuple[list[Metric], dict[str, str]]:
    """The task's scores as metrics, and by name why some are left out."""
    metrics: list[Metric] = []
    left_out = dict(task.unusable)
    for logged in task.metrics.values():
        if logged.higher_is_better is None:
            left_out[logged.name] = "the log doesn't say whether more of it is better"
            continue
        metric = scorer("recorded", **logged.as_recorded()).metric
        metrics.append(register_metric(name=metric.name, options=metric.options))
    return metrics, left_out


def _figure(task: Task, metric: ToolMetric) -> ToolFigure:
    return ToolFigure(
        test_set=task.name,
        metric=metric.name,
        arm="candidate",
        theirs=metric.figure,
        ours=task.mean(metric.name),
        otherwise=metric.otherwise,
    )


@contextmanager
def laid_out(files: Mapping[str, Path]) -> Iterator[Path]:
    """A temporary folder with the files under the names that a log's reader expects.

    For what was uploaded, which is known by digest. The path is that of the file where there is
    one alone. Raises DeclarationError for a name that can't be a file's.
    """
    with TemporaryDirectory() as folder:
        for name, file in files.items():
            if "/" in name or "\0" in name or name in ("", ".", "..") or len(name) > 200:
                raise DeclarationError(f"{name[:200]!r} is no file's name", "files")
            Path(folder, name).symlink_to(file.resolve())
        yield Path(folder, *files) if len(files) == 1 else Path(folder)

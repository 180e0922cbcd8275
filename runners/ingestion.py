"""Answers and scores made elsewhere, handed in part by part: begin, append, finish.

Each part says how many rows went before it. So a part whose answer was lost on the way is sent
again without harm: it is told where to go on, and nothing that was acknowledged is doubled or lost.
Until it is finished, nobody sees the run; a part is stored whole or not at all.
"""

import datetime
from collections.abc import Iterable, Sequence
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.io.answers import answers_in
from evalhub.io.limits import MIB, Limits
from evalhub.io.ndjson import BODY, NdjsonBody
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.models import Ingestion, ModelVersion, Output, Run, TestSetVersion
from evalhub.registry.outputs import Joined, write_outputs
from evalhub.registry.versions import register_metric
from runners.launch import launch_staged
from runners.launch_checks import check_takes
from runners.metrics import MetricDeclaration
from runners.outcome import missing
from runners.recorded import join_answers

PART = Limits(
    bytes=16 * MIB, decoded=16 * MIB, rows=10_000, line=4 * MIB, cell=4 * MIB, values=10_000
)
"""The most that one part holds: it is read whole and written in one transaction."""
LEASE = datetime.timedelta(days=1)
"""How long an ingestion waits for its next part before it is taken away."""
MOST_OPEN = 50
"""Ingestions that a project may have begun and not finished."""


class IngestionError(Exception):
    """An ingestion request that is invalid, and what would be right."""


class OffsetError(IngestionError):
    """A part that doesn't begin where the rows taken so far end; `rows` is where that is."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        super().__init__(f"{rows} rows were taken so far: go on with the row after them")


@transaction.atomic
def begin(
    *,
    project: Project,
    by: User | None,
    version: ModelVersion,
    test_set_version: TestSetVersion,
    metrics: Sequence[MetricDeclaration],
) -> Ingestion:
    """A run of recorded answers that are to come in parts, to be scored by `metrics`.

    Raises:
        runners.launch_checks.LaunchError: a version, items or metrics that don't go together.
        IngestionError: of another project, or the project has begun too many.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    if {version.model.project_id, test_set_version.test_set.project_id} != {project.pk}:
        raise IngestionError(f"{version} and {test_set_version} aren't both of {project}")
    wanted = [register_metric(name=metric.name, options=metric.options) for metric in metrics]
    check_takes(version, test_set_version, wanted)
    if Ingestion.objects.filter(project=project).going_on().count() >= MOST_OPEN:
        raise IngestionError(
            f"{project} has begun {MOST_OPEN} ingestions: finish some of them, or cancel them"
        )
    run = Run.objects.create(
        version=version,
        test_set_version=test_set_version,
        draft_until=drafts.lease_end(LEASE),
    )
    ingestion = Ingestion.objects.create(project=project, run=run, by=by)
    ingestion.metrics.set(wanted)
    return ingestion


def append(*, ingestion: Ingestion, by: User | None, offset: int, body: NdjsonBody) -> int:
    """Takes the rows of a part, all or none, and returns how many were taken so far.

    Args:
        offset: how many rows went before this part.

    Raises:
        OffsetError: that isn't how many were taken; nothing is changed.
        evalhub.io.rows.DataError: what is wrong with a row, with its line in this part and the
            field; also an item that was answered in an earlier part.
        IngestionError: it is finished.
        evalhub.registry.drafts.DraftLostError: it waited too long, or was cancelled.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, ingestion.project)
    _check_goes_on(ingestion, offset)
    run = ingestion.run
    answers = list(answers_in(body.rows))
    rows = join_answers(run, answers, file=BODY)
    counts = {
        "rows": offset + len(answers),
        "samples": max(ingestion.samples, *(answer.sample + 1 for answer in answers)),
        "digest": _chain(ingestion.digest, body.lines),
    }
    try:
        with transaction.atomic():
            still = Ingestion.objects.going_on().filter(pk=ingestion.pk, rows=offset)
            if not still.update(**counts):
                current = _lock_ingestion(ingestion)
                _check_goes_on(current, offset)
                raise OffsetError(current.rows)
            write_outputs(run, rows)
            if run.draft_until is None or run.draft_until - timezone.now() < LEASE / 2:
                drafts.renew(run, LEASE)
    except IntegrityError as error:
        raise _second_answer(run, rows) from error
    return offset + len(answers)


def finish(*, ingestion: Ingestion, by: User | None, rows: int) -> Run:
    """The run of all that was handed in, seen and to be scored; the same content is the same run.

    Finishing again is harmless.

    Args:
        rows: how many there are, by the word of who sent them.

    Raises:
        OffsetError: another number was taken.
        IngestionError: none were.
        runners.launch_checks.LaunchError: an item's text was redacted meanwhile.
        evalhub.registry.drafts.DraftLostError: it waited too long, or was cancelled.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, ingestion.project)
    run = ingestion.run
    run.error = "\n".join(missing(run))
    with transaction.atomic():
        current = _lock_ingestion(ingestion)
        if current.rows != rows:
            raise OffsetError(current.rows)
        if not rows:
            raise IngestionError("no rows were handed in: cancel it, or append some")
        if current.finished:
            return current.run
        run.source, run.samples = current.digest, current.samples
        launched = launch_staged(run, list(current.metrics.all()))
        current.run, current.finished = launched, timezone.now()
        current.save(update_fields=["run", "finished"])
    if launched != run:
        drafts.drop(run)
    ingestion.refresh_from_db()
    return launched


def cancel(*, ingestion: Ingestion, by: User | None) -> None:
    """Delete the uploaded rows; a finished ingestion stays as it is.

    Raises NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, ingestion.project)
    drafts.drop(ingestion.run)


def _lock_ingestion(ingestion: Ingestion) -> Ingestion:
    """The ingestion as it is, held until the transaction ends."""
    rows = Ingestion.objects.select_for_update(of=["self"]).select_related("run")
    current: Ingestion | None = rows.filter(pk=ingestion.pk).first()
    if current is None or (current.finished is None and current.run.draft_until is None):
        raise drafts.DraftLostError("it was taken away: nothing is there of it")
    return current


def _check_goes_on(ingestion: Ingestion, offset: int) -> None:
    if ingestion.finished:
        raise IngestionError("it is finished: begin another one")
    if ingestion.rows != offset:
        raise OffsetError(ingestion.rows)


def _chain(digest: str, lines: Iterable[str]) -> str:
    """The running digest after these lines: the same however rows are split into parts."""
    state = bytes.fromhex(digest)
    for line in lines:
        state = sha256(state + line.encode()).digest()
    return state.hex()


def _second_answer(run: Run, rows: Sequence[Joined]) -> DataError:
    """Which row answers what an earlier part has answered."""
    answered = set(
        Output.objects.filter(run=run, item__in=[item for item, _ in rows])
        .order_by()
        .values_list("item_id", "sample")
    )
    twice = next(answer for item, answer in rows if (item, answer.sample) in answered)
    return DataError(
        f"'{twice.item_id}' was answered in an earlier part already (sample {twice.sample})",
        file=BODY,
        line=twice.line,
        field="id",
    )

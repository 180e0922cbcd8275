"""The verbs on a run: launch, cancel, resume."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.keys import Reach
from evalhub.declare.prices import RunBudget
from evalhub.io.canonical import canonical_json
from evalhub.io.held_texts import is_held_text
from evalhub.io.row_paths import USUAL, RowMapping
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.models import (
    Metric,
    ModelVersion,
    Output,
    Run,
    RunMetric,
    Shard,
    TestSetVersion,
)
from evalhub.registry.models.runs import STOPPED, RunQuerySet, RunState, ShardState
from runners import spending
from runners.backends import backend_of
from runners.launch_checks import check_launch, check_whole
from runners.outcome import UNFINISHED_SHARDS, only_answers_failed
from runners.queue import enqueue
from runners.recorded import publish_answers, stage_answers
from runners.shards import LIVE_SHARD, items_in_flight, lease_cutoff
from runners.spending import Charges

RECORDED_SHARD = 2000


def launch(
    *,
    version: ModelVersion,
    test_set_version: TestSetVersion,
    metrics: Sequence[Metric],
    answers: Path | None = None,
    fields: RowMapping = USUAL,
    repeat: int = 0,
    retry_errors: bool = True,
    reach: Reach = Reach(),  # noqa: B008 (frozen)
    charges: Charges | None = None,
) -> Run:
    """The run of `version` on `test_set_version`, launched if there is none, scored by `metrics`.

    Launching again is the same run: metrics that it lacks are added and scored, and a run that
    failed or was cancelled goes on. A recorded version needs the file of its `answers`, which is
    read and stored here; other content is another run. `repeat` 1 is the same asked a second time,
    a run of its own. Without `retry_errors` answers that failed for good aren't asked for again.
    `reach` is what the run may reach, in whatever process it is worked on; an operator's command
    says it anew each time. It is no part of what the run is, and neither are `charges`: what its
    answers are priced by and counted on from now on.
    Its answers are written in short transactions, and nobody sees the run before all are there.

    Raises LaunchError, and DataError for what is wrong with the file of answers.
    """
    check_launch(version, test_set_version, metrics, answers)
    if answers is None:
        requested = Run(
            version=version, test_set_version=test_set_version, repeat=repeat, reach=reach
        )
        return _launch(requested, metrics, reach, retry_errors=retry_errors, charges=charges)
    run = run_of_answers(
        version=version,
        test_set_version=test_set_version,
        answers=answers,
        fields=fields,
        repeat=repeat,
    )
    if run.pk is None:
        run = stage_answers(run, answers, fields)
    try:
        return _launch(run, metrics, reach, retry_errors=retry_errors, charges=charges)
    finally:
        drafts.drop(run)


def run_of_answers(
    *,
    version: ModelVersion,
    test_set_version: TestSetVersion,
    answers: Path,
    fields: RowMapping = USUAL,
    repeat: int = 0,
) -> Run:
    """The run of a file of answers, or where there is none, one that isn't saved yet, to be staged.

    Raises DataError where the file can't be read.
    """
    requested = Run(
        version=version,
        test_set_version=test_set_version,
        source=source_digest(answers, fields),
        repeat=repeat,
    )
    return _existing_run(requested) or requested


def launch_staged(run: Run, metrics: Sequence[Metric] = ()) -> Run:
    """Launches a run whose recorded answers are staged (`runners.recorded`).

    For the transaction that makes them seen; where the same run is there by now, it is that one,
    and the draft is the caller's to drop.
    """
    check_launch(run.version, run.test_set_version, metrics, None, staged=True)
    return _launch(run, metrics, run.reach, retry_errors=False)


@transaction.atomic
def _launch(
    requested: Run,
    metrics: Sequence[Metric],
    reach: Reach,
    *,
    retry_errors: bool,
    charges: Charges | None = None,
) -> Run:
    """The existing run like the requested one, or the requested: maybe a draft with its answers."""
    if (
        requested.draft_until is not None
    ):  # of two who staged the same answers the second finds them
        ModelVersion.with_drafts.select_for_update(no_key=True).get(pk=requested.version_id)
    there_is = _existing_run(requested, lock=True)
    if there_is is not None:
        run, created = there_is, False
    elif requested.draft_until is not None:
        publish_answers(requested)
        run, created = requested, True
    else:
        run, created = Run.objects.select_for_update().get_or_create(
            version=requested.version,
            test_set_version=requested.test_set_version,
            source=requested.source,
            repeat=requested.repeat,
            defaults={"reach": reach},
        )
    if reach.operator and run.reach != reach:
        run.reach = reach
        run.save(update_fields=["reach"])
    existing = set(run.metrics.values_list("metric_id", flat=True))
    new = {metric.pk: metric for metric in metrics if metric.pk not in existing}
    if created or new:
        check_whole(run.test_set_version)
    opened = timezone.now() if run.test_set_version.read_freely else None
    RunMetric.objects.bulk_create(
        RunMetric(run=run, metric=metric, opened=opened) for metric in new.values()
    )
    if created:
        _plan(run)
    elif goes_on(run, retry_errors=retry_errors):
        resume(run, by=None)
    if not created and new:
        _reopen(run, run.shards.all())
    open_ = run.state in (RunState.PENDING, RunState.RUNNING)
    spending.begin(run, charges, goes_on=open_)
    if open_:
        enqueue(run)
    return run


def _existing_run(requested: Run, *, lock: bool = False) -> Run | None:
    runs: RunQuerySet = Run.objects.get_queryset()
    run: Run | None = (
        (runs.select_for_update() if lock else runs)
        .filter(
            version=requested.version_id,
            test_set_version=requested.test_set_version_id,
            source=requested.source,
            repeat=requested.repeat,
        )
        .first()
    )
    return run


def goes_on(run: Run, *, retry_errors: bool) -> bool:
    """Whether there is something to do about a run that has ended."""
    if run.state == RunState.FAILED:
        return retry_errors or not only_answers_failed(run)
    return run.state == RunState.CANCELLED


@transaction.atomic
def cancel(run: Run, *, by: User | None) -> bool:
    """Stops an unfinished run: within seconds its workers let go of it. What is done stays.

    Whether it stopped it: of a run that has ended nothing is changed. Raises NotAllowedError where
    `by` doesn't evaluate in the run's project.
    """
    check_evaluates(by, run.test_set_version.test_set.project)
    going = Run.objects.unfinished().filter(pk=run.pk)
    stopped = bool(going.update(state=RunState.CANCELLED, finished=timezone.now()))
    if stopped:
        run.shards.filter(state=ShardState.CLAIMED).update(state=ShardState.PENDING, claim=None)
    run.refresh_from_db()
    return stopped


@transaction.atomic
def resume(
    run: Run, *, by: User | None, retry_errors: bool = True, budget: RunBudget | None = None
) -> bool:
    """Lets a run go on that failed or was cancelled; of any other nothing is changed.

    Whether it goes on. `retry_errors` asks again what ended in an error; errors among recorded
    answers stay: there is nobody to ask. `budget` is what it may cost from now on in all, and is
    noted. Raises NotAllowedError where `by` doesn't evaluate in the run's project, and
    DeclarationError as `spending.set_budget` does.
    """
    check_evaluates(by, run.test_set_version.test_set.project)
    if Run.objects.select_for_update().get(pk=run.pk).state not in STOPPED:
        return False
    if budget is not None:
        spending.set_budget(run, budget, by=by)
    reopened = ~Q(state=ShardState.DONE)
    live = backend_of(run.version).live
    if live and not run.test_set_version.read_freely:
        # Other answers have other scores: that a decision has read the old ones opens none of them.
        run.metrics.update(opened=None)
    if retry_errors and live:
        errors = Output.objects.filter(run=run, text=None)
        failed = sorted(errors.order_by().values_list("item__position", flat=True))
        within = [
            pk
            for pk, start, stop in run.shards.values_list("pk", "start", "stop")
            if bisect_left(failed, start) < bisect_left(failed, stop)
        ]
        reopened |= Q(pk__in=within)
        errors.delete()
    _reopen(run, run.shards.filter(reopened))
    enqueue(run)
    return True


def claimable_runs() -> QuerySet[Run]:
    """Unfinished runs with claimable shards, or with none left but not ended yet."""
    of_run = Shard.objects.filter(run=OuterRef("pk"))
    runs: QuerySet[Run] = Run.objects.unfinished().filter(
        Exists(of_run.claimable(lease_cutoff()))
        | ~Exists(of_run.filter(state__in=UNFINISHED_SHARDS))
    )
    return runs


def _plan(run: Run) -> None:
    recorded = bool(run.source)
    if not recorded:
        first = run.test_set_version.items.order_by("position").values_list("choices", flat=True)
        drawn = not is_held_text(next(iter(first[:1]), None))  # a text is as likely each time
        run.samples = run.version.sampling.samples if drawn else 1
        run.save(update_fields=["samples"])
    size = RECORDED_SHARD if recorded else max(LIVE_SHARD, items_in_flight(run))
    count = run.test_set_version.item_count
    Shard.objects.bulk_create(
        Shard(run=run, start=start, stop=min(start + size, count))
        for start in range(0, count, size)
    )


def _reopen(run: Run, shards: QuerySet[Shard]) -> None:
    """The shards wait again, also those that a worker holds: it will find its claim gone. What is
    kept of their answers stays done."""
    if not run.source:
        _count_kept(run, shards)
    shards.update(state=ShardState.PENDING, claim=None, attempts=0, error="")
    run.state, run.finished, run.error, run.answers_digest = RunState.PENDING, None, "", ""
    run.unreachable = False
    run.enqueued, run.going_since = timezone.now(), None
    run.done_before = run.shards.aggregate(done=Sum("done", default=0))["done"]
    fields = ["state", "finished", "error", "unreachable", "answers_digest"]
    run.save(update_fields=[*fields, "enqueued", "going_since", "done_before"])


def _count_kept(run: Run, shards: QuerySet[Shard]) -> None:
    """Set each shard's count of items whose answers are all stored.

    Their workers have told so as they went, but for what one wrote whose claim was gone by then.
    """
    answers = Output.objects.filter(run=run, text__isnull=False).order_by()
    samples = answers.values("item").annotate(count=Count("pk")).filter(count__gte=run.samples)
    positions = sorted(samples.values_list("item__position", flat=True))
    for pk, start, stop, stored in list(shards.values_list("pk", "start", "stop", "done")):
        answered = bisect_left(positions, stop) - bisect_left(positions, start)
        if answered != stored:
            Shard.objects.filter(pk=pk).update(done=answered)


def source_digest(path: Path, fields: RowMapping) -> str:
    """What a file of answers is known by: SHA-256 of it, and of the fields' paths where they aren't
    the usual ones. Raises DataError."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", file=str(path)) from error
    if (fields.id, fields.output) != (USUAL.id, USUAL.output):
        digest.update(f"\0{fields.id}\0{fields.output}".encode())
    if fields.rows or fields.scores or fields.fields:
        rest = [fields.rows, dict(fields.scores), dict(fields.fields)]
        digest.update(b"\0" + canonical_json(rest))
    return digest.hexdigest()

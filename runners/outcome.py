"""How a run ends: its aggregates, its state, and in a sentence what is wrong with it."""

from django.db import transaction
from django.db.models import Avg, Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from evalhub.decision.wording import count_text
from evalhub.io.identity import scores_digest
from evalhub.registry.contents import answers_as_they_are
from evalhub.registry.models import Item, Metric, Output, Run, RunMetric, Score
from evalhub.registry.models.runs import RunState, ShardState
from runners.backends import backend_of
from runners.backends.asking import Fault
from runners.models import RecordedRetrieval
from runners.retrievers.searching import FAILED as RETRIEVER_FAILED
from runners.together import scores_together

UNFINISHED_SHARDS = [ShardState.PENDING, ShardState.CLAIMED]


class RunFailed(Exception):
    """A run did not get to its end, and why."""


class RunUnreachable(RunFailed):
    """The run ended because its model's server or a part of this machine failed: it is no
    evidence."""


def check(run: Run) -> None:
    """Raises RunFailed, or RunUnreachable, for a run that failed or was cancelled."""
    if run.state == RunState.CANCELLED:
        raise RunFailed(f"{run}: cancelled")
    if run.state == RunState.FAILED:
        raise (RunUnreachable if run.unreachable else RunFailed)(f"{run}: {run.error}")


def only_answers_failed(run: Run) -> bool:
    """Whether the run got to its end and nothing but single answers failed."""
    if run.state != RunState.FAILED or run.unreachable:
        return False
    return not run.shards.exclude(state=ShardState.DONE).exists()


def finish(run_id: int) -> None:
    """Aggregates a run and ends it, if it goes on and no shard is left. Harmless twice.

    What was answered and scored gets the digests that decisions know it by. All of it is read
    before the transaction that writes what came of it: nobody waits while a large run is read.
    """
    run = Run.objects.unfinished().filter(pk=run_id).first()
    if run is None or run.shards.filter(state__in=UNFINISHED_SHARDS).exists():
        return
    row_count = _rows_there(run_id)
    rows = run.metrics.select_related("metric")
    together = {row.pk: scores_together(run_id, row.metric) for row in rows}
    aggregates = {
        row.pk: joint.aggregates if (joint := together[row.pk]) else _aggregates(run_id, row.metric)
        for row in rows
    }
    _conclude(run)
    retrieved = run.version.prompt.retriever is not None
    retrieved = retrieved and not Output.objects.filter(run=run_id, text=None).exists()
    with transaction.atomic():
        still = Run.objects.unfinished().select_for_update().filter(pk=run_id).exists()
        if (
            not still
            or run.shards.filter(state__in=UNFINISHED_SHARDS).exists()
            or row_count != _rows_there(run_id)
        ):
            return  # it was reopened meanwhile, and is finished once it is done again
        for scores in filter(None, together.values()):
            scores.write()
        for pk, columns in aggregates.items():
            run.metrics.filter(pk=pk).update(**columns)
        run.save(update_fields=["state", "error", "finished", "unreachable", "answers_digest"])
        if retrieved:
            RecordedRetrieval.objects.filter(run=run_id).delete()  # each answer has its passages


def _rows_there(run_id: int) -> list[dict[str, int | None]]:
    """Row counts that change if answers, scores or metrics are added or deleted meanwhile."""
    counted_rows = {"rows": Count("pk"), "newest": Max("pk")}
    return [
        rows.aggregate(**counted_rows)
        for rows in (
            Output.objects.filter(run=run_id),
            Score.objects.filter(output__run=run_id),
            RunMetric.objects.filter(run=run_id),
        )
    ]


def _aggregates(run_id: int, metric: Metric) -> dict[str, object]:
    scores = Score.objects.filter(output__run=run_id, metric=metric)
    aggregates = scores.aggregate(
        scored=Count("value"),
        unscored=Count("pk", filter=Q(value=None)),
        extraction_misses=Count("pk", filter=Q(extracted=False)),
        mean=Avg("value"),
    )
    values = scores.order_by().values_list("output__item__key", "output__sample", "value")
    return aggregates | {"scores_digest": scores_digest(values.iterator(chunk_size=5000))}


def _conclude(run: Run) -> None:
    """Set the run's final state and error; the caller saves it."""
    run.answers_digest = answers_as_they_are(run)
    sentences = [_shard_failures(run)]
    # A part that failed is this site's failure, or its machines': of the model it says nothing.
    run.unreachable = bool(sentences[0])
    if _of_fault(run, *Fault).exists():
        sentences += _answer_failures(run)
    failures = [sentence for sentence in sentences if sentence]
    run.state = RunState.FAILED if failures else RunState.DONE
    run.error = "\n".join([*failures, *missing(run)])
    run.finished = timezone.now()


def stop(run_id: int, error: str, *, unreachable: bool) -> None:
    """Ends a run whose model's server (`unreachable`) or metric can't be used. What was answered
    stays."""
    Run.objects.unfinished().filter(pk=run_id).update(
        state=RunState.FAILED, unreachable=unreachable, error=error, finished=timezone.now()
    )


def missing(run: Run) -> list[str]:
    """A sentence on items without any answer, if there are some."""
    items = Item.objects.filter(version=run.test_set_version_id)
    answered = Output.objects.filter(run=run).values("item").distinct().count()
    lacking = items.count() - answered
    if not lacking:
        return []
    # asked of each item in turn: as a condition, PostgreSQL would join by its statistics
    is_answered = Exists(Output.objects.filter(run=run, item=OuterRef("pk")))
    rows = items.order_by("position").annotate(there=is_answered).values_list("key", "there")
    first = next(key for key, answered in rows.iterator() if not answered)
    of, has = count_text(items.count(), "item"), "has" if lacking == 1 else "have"
    return [f"{lacking} of {of} {has} no answer, the first is '{first}'"]


def _shard_failures(run: Run) -> str:
    failed = run.shards.filter(state=ShardState.FAILED).order_by("start")
    first = failed.first()
    if first is None:
        return ""
    return (
        f"{failed.count()} of {run.shards.count()} parts of the run failed, the first, items "
        f"{first.start + 1} to {first.stop}, with: {first.error}; run again to retry them"
    )


def _answer_failures(run: Run) -> list[str]:
    """Sentences on the answers that failed. Those that a server failed on make the run unreachable:
    of the model they say nothing."""
    answers = Output.objects.filter(run=run).order_by()
    backend = backend_of(run.version)
    silent = backend.live and not answers.filter(text__isnull=False).exists()
    run.unreachable |= silent or _of_fault(run, Fault.SERVER).exists()
    if silent and answers.exclude(error__startswith=RETRIEVER_FAILED).exists():
        waits = "timeout_s" in type(backend).model_fields
        long = ", and is the arm's timeout_s long enough" if waits else ""
        why = _item_failures(run, *Fault)
        return [f"{backend.address} answers nothing (is it well{long}?): {why}"]
    return [*_server_failures(run), _item_failures(run)]


def _of_fault(run: Run, *faults: Fault) -> QuerySet[Output]:
    outputs: QuerySet[Output] = Output.objects.filter(run=run, text=None, fault__in=faults)
    return outputs


def _server_failures(run: Run) -> list[str]:
    """Sentences on the items that the retriever or the model's server failed on in all attempts,
    with a remedy."""
    failed = _of_fault(run, Fault.SERVER)
    by_retriever = Q(error__startswith=RETRIEVER_FAILED)
    remedy = (
        "run again: what was answered stays, and only what failed is asked again. An item that it "
        "never answers can be left out of the test set"
    )
    sentences = []
    if (rows := failed.filter(by_retriever)).exists():
        errors = _count_errors(run, rows)
        sentences.append(f"the prompt's retriever failed on {errors}; put that right and {remedy}")
    if (rows := failed.exclude(by_retriever)).exists():
        address, errors = backend_of(run.version).address, _count_errors(run, rows)
        sentences.append(
            f"{address} gave no answer to {errors}; put that right at the server and {remedy}"
        )
    return sentences


def _item_failures(run: Run, *faults: Fault) -> str:
    """A sentence on items that failed by these faults (default: not the server's); or ""."""
    failed = _of_fault(run, *(faults or (Fault.MODEL, Fault.ITEM)))
    if not failed.exists():
        return ""
    if not backend_of(run.version).live:
        cure = " (so recorded)"
    elif failed.exclude(fault=Fault.ITEM).exists():
        cure = "; run again to retry them"
    else:
        cure = (
            "; asking again can't help: put right what is named, shorten these items or leave them "
            "out, or say `failures: worst` in the policy, by which each scores the metric's worst"
        )
    return f"{_count_errors(run, failed, verb=' failed')}{cure}"


def _count_errors(run: Run, failed: QuerySet[Output], *, verb: str = "") -> str:
    """How many items failed, the first of them, and the errors that came most often."""
    count = failed.values("item").distinct().count()
    first = failed.order_by("item__position").values_list("item__key", flat=True)[0]
    errors = failed.order_by().values_list("error")
    kinds = errors.annotate(times=Count("pk")).order_by("-times", "error")
    first_errors = [error for error, _ in kinds[:3]]
    more = kinds.count() - len(first_errors)
    reasons = ", ".join([*first_errors, *([f"and {more} other errors"] if more else [])])
    of = count_text(run.test_set_version.item_count, "item")
    return f"{count} of {of}{verb}, the first '{first}': {reasons}"

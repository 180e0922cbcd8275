"""Answers made elsewhere, joined to the items of a test set by their ids."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import transaction

from evalhub.files.answers import RecordedAnswer, read_answers
from evalhub.files.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.models import Item, Output, Run
from evalhub.schemas.sampling import MOST_SAMPLES
from runners.outcome import missing


def stage_answers(
    run: Run, path: Path, *, id_field: str = "id", output_field: str = "output"
) -> Run:
    """A draft of `run`, which isn't saved yet, with the file's answers as its outputs.

    They are written in short transactions and bounded memory; `publish_answers` makes the run
    seen, `drafts.drop` takes it away. After an error there is nothing of it. Raises DataError,
    naming the line, also for an id that isn't in the test set. Where its items were drawn from a
    pool, the file may answer all of the pool, and only the answers to what was drawn are kept.
    """
    drafts.drop_left_over()
    run.draft_until = drafts.leased()
    run.save()
    try:
        answers = read_answers(path, id_field=id_field, output_field=output_field)
        for batch in _batches(answers):
            outputs = list(_joined(run, path, id_field, batch))
            with transaction.atomic():
                drafts.renew(run)
                Output.objects.bulk_create(outputs)
            run.samples = max(run.samples, *(answer.sample + 1 for answer in batch))
        run.error = "\n".join(missing(run))
        run.save(update_fields=["samples", "error"])
    except BaseException:
        drafts.drop(run)
        raise
    return run


def publish_answers(run: Run) -> None:
    """Makes a draft the run that it is; for one transaction. Raises DraftLostError."""
    drafts.renew(run)
    run.draft_until = None
    run.save(update_fields=["draft_until"])


def _batches(answers: Iterable[RecordedAnswer]) -> Iterator[tuple[RecordedAnswer, ...]]:
    """Answers by the batch: bounded by their number and, for long ones, by their length."""
    batch: list[RecordedAnswer] = []
    size = 0
    for answer in answers:
        batch.append(answer)
        size += len(answer.text or "")
        if len(batch) == drafts.ROWS or size >= drafts.BYTES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _joined(
    run: Run, path: Path, id_field: str, answers: tuple[RecordedAnswer, ...]
) -> Iterator[Output]:
    keys = {answer.item_id for answer in answers}
    items = Item.objects.filter(version=run.test_set_version_id, key__in=keys)
    ids: dict[str, int] = dict(items.values_list("key", "pk"))
    undrawn: set[str] = set()
    if len(ids) < len(keys) and (pool := run.test_set_version.pool_id):
        undrawn = set(Item.objects.filter(version=pool, key__in=keys).values_list("key", flat=True))
    for answer in answers:
        if answer.item_id in undrawn - ids.keys():
            continue
        if answer.item_id not in ids:
            raise DataError(
                f"there is no item '{answer.item_id}' in {run.test_set_version}",
                file=str(path),
                line=answer.line,
                field=id_field,
            )
        if answer.sample >= MOST_SAMPLES:
            raise DataError(
                f"counts the answers to one item: 0, 1, … up to {MOST_SAMPLES - 1}",
                file=str(path),
                line=answer.line,
                field="sample",
            )
        yield Output(
            run=run,
            item_id=ids[answer.item_id],
            sample=answer.sample,
            text=answer.text,
            error=answer.error or "",
            latency_ms=answer.latency_ms,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            given_scores=answer.scores,
        )

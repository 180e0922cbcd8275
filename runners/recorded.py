"""Answers made elsewhere, joined to the items of a test set by their ids."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.db import transaction

from evalhub.declare.sampling import MOST_SAMPLES
from evalhub.io.answers import RecordedAnswer, read_answers
from evalhub.io.row_paths import USUAL, RowMapping
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.models import Item, Run
from evalhub.registry.outputs import Joined, write_outputs
from runners.outcome import missing


def stage_answers(run: Run, path: Path, fields: RowMapping = USUAL) -> Run:
    """A draft of `run`, which isn't saved yet, with the file's answers as its outputs.

    They are written in short transactions and bounded memory; `publish_answers` makes the run
    seen, `drafts.drop` takes it away. After an error there is nothing of it. Raises DataError,
    naming the line, also for an id that isn't in the test set. Where its items were drawn from a
    pool, the file may answer all of the pool, and only the answers to what was drawn are kept.
    """
    drafts.drop_left_over()
    run.draft_until = drafts.lease_end()
    run.save()
    try:
        answers = read_answers(path, fields)
        for batch in _batches(answers):
            rows = join_answers(run, batch, file=str(path), id_field=fields.id)
            with transaction.atomic():
                drafts.renew(run)
                write_outputs(run, rows)
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
    run.save(update_fields=["draft_until", "source", "samples", "error"])


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


def join_answers(
    run: Run, answers: Sequence[RecordedAnswer], *, file: str, id_field: str = "id"
) -> list[Joined]:
    """Each answer with its item; without those to a pool's items that weren't drawn.

    Raises DataError, naming the line, for an id that isn't in the test set, and for a sample that
    is beyond what an item may have.
    """
    keys = {answer.item_id for answer in answers}
    ids = Item.objects.keys_of(run.test_set_version_id, keys)
    undrawn: set[str] = set()
    if len(ids) < len(keys) and (pool := run.test_set_version.pool_id):
        undrawn = Item.objects.keys_of(pool, keys).keys() - ids.keys()
    pairs = []
    for answer in answers:
        item = ids.get(answer.item_id)
        if item is None:
            if answer.item_id in undrawn:
                continue
            raise DataError(
                f"there is no item '{answer.item_id}' in {run.test_set_version}",
                file=file,
                line=answer.line,
                field=id_field,
            )
        if answer.sample >= MOST_SAMPLES:
            raise DataError(
                f"counts the answers to one item: 0, 1, … up to {MOST_SAMPLES - 1}",
                file=file,
                line=answer.line,
                field="sample",
            )
        pairs.append((item, answer))
    return pairs

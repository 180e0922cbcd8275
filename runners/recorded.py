"""Answers made elsewhere, joined to the items of a test set by their ids."""

from collections.abc import Iterator
from itertools import batched
from pathlib import Path

from evalhub.files.answers import RecordedAnswer, read_answers
from evalhub.files.rows import DataError
from evalhub.registry.models import Item, Output, Run
from evalhub.schemas.sampling import MOST_SAMPLES

JOINED_AT_A_TIME = 2000


def store_answers(run: Run, path: Path, *, id_field: str, output_field: str) -> int:
    """Writes the file's answers as the run's outputs; returns the answers an item has at most.

    For one transaction, in bounded memory. Raises DataError, naming the line, also for an id
    that isn't in the test set. Where its items were drawn from a pool, the file may answer all of
    the pool, and only the answers to what was drawn are kept.
    """
    samples = 1
    answers = read_answers(path, id_field=id_field, output_field=output_field)
    for batch in batched(answers, JOINED_AT_A_TIME):
        Output.objects.bulk_create(_joined(run, path, id_field, batch))
        samples = max(samples, *(answer.sample + 1 for answer in batch))
    return samples


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
        )

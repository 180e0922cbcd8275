"""Accepted examples go out as a training file, without anything that is judged on."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.wording import count_text
from evalhub.features.examples.models import SentExample
from evalhub.features.examples.out.card_figures import card_figures
from evalhub.features.examples.out.rows import ROWS, AcceptedExample
from evalhub.ledger.leakage.outgoing import ItemInRow, OutgoingRow, items_in_rows
from evalhub.ledger.training_pairs import ON_TEST_ITEMS
from evalhub.registry.models import TestSetVersion, TrainingFileVersion
from evalhub.registry.slugs import slug_of
from evalhub.registry.training_files import OutgoingLine, file_bytes, keep_training_file
from reviews.models import Example, ExampleQueue, QueuePurpose

NO_EDIT = "no-edit"
"""Why an example is left out of preference pairs: its proposal was accepted, or it had none."""
SAME_ROW = "same-row"
"""Why an example is left out: another one makes the same row."""
AT_ONCE = 500
NAMED = 3


class ExamplesOutError(Exception):
    """Examples that can't go out as requested, with what would be right. Nothing went out."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A training file that goes out.

    Attributes:
        content: its bytes.
        left_out: why examples were left out → how many.
        items: test items in use, or copies of them, that examples hold which were left out.
    """

    file: TrainingFileVersion
    content: bytes
    left_out: Mapping[str, int]
    items: Sequence[ItemInRow]


def export_examples(
    *,
    project: Project,
    queues: Sequence[ExampleQueue],
    form: str,
    by: User | None,
    name: str = "",
    strict: bool = False,
    provenance: bool = False,
) -> ExportedFile:
    """Keeps the accepted examples of queues as a version of a training file; the caller writes it.

    Examples that hold an item of a test set in use, a copy or a near-copy of one, are left out and
    counted. The same rows are the version that is there. Test sets are searched before anything is
    locked.

    Args:
        form: one of TrainingFormat.
        name: the training file's; by default made from the first queue's and the format.
        strict: refuse, naming the items, instead of leaving examples out for them.
        provenance: each row says its example, source and licence, too.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExamplesOutError: no queue, one of another project or of references, an unknown format, a
            name that can't be, no example left, or `strict` and one on a test item.
    """
    check_evaluates(by, project)
    check_queues(project, queues)
    if form not in ROWS:
        raise ExamplesOutError(f"the format is one of {', '.join(ROWS)}, and not {form!r}")
    if (bad := next((q for q in queues if q.purpose == QueuePurpose.REFERENCES), None)) is not None:
        raise ExamplesOutError(
            f"{bad} writes the right answers of a test set, which are never trained on: publish "
            "them as a version of it (evalhub examples publish)"
        )
    versions = _version_count(project)
    rows, left_out = _rows(queues, form, provenance)
    items = items_in_rows(project, [OutgoingRow(row, one.fingerprint) for one, row in rows])
    if items and strict:
        raise ExamplesOutError(_strict_sentence(items, len(rows)))
    if items:
        left_out[ON_TEST_ITEMS] = len(items)
    kept = [each for index, each in enumerate(rows) if index not in items]
    if not kept:
        raise ExamplesOutError(f"no example is left to go out{_reasons(left_out)}")
    lines = [
        OutgoingLine(json.dumps(row, ensure_ascii=False), one.fingerprint) for one, row in kept
    ]
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)  # erasures wait
        if _version_count(project) != versions or not _still_accepted(one.pk for one, _ in kept):
            raise ExamplesOutError(
                "a test set came, or examples changed, at the same time: export again"
            )
        file = keep_training_file(
            project=project,
            name=slug_of(name) if name else f"{slug_of(queues[0].name)}-{form}",
            form=form,
            lines=lines,
            left_out=left_out,
            card=card_figures(queues, [one for one, _ in kept], [row for _, row in kept]),
            by=by,
        )
        if not SentExample.objects.filter(row__file=file).exists():
            at = dict(file.lines.values_list("line", "pk"))
            SentExample.objects.bulk_create(
                (SentExample(example=one, row_id=at[n]) for n, (one, _) in enumerate(kept, 1)),
                batch_size=AT_ONCE,
            )
        note(Action.EXPORTED, by=by, project=project, what=f"{file} ({file.sha256[:12]})")
    return ExportedFile(file, file_bytes(lines), left_out, list(items.values()))


def _version_count(project: Project) -> int:
    """How many versions of test sets the project has."""
    count: int = TestSetVersion.objects.filter(test_set__project=project).count()
    return count


def _still_accepted(examples: Iterable[int]) -> bool:
    """Whether none was erased or opened again since it was read."""
    return all(
        Example.objects.accepted().filter(pk__in=some).count() == len(some)
        for some in batched(examples, AT_ONCE)
    )


def check_queues(project: Project, queues: Sequence[ExampleQueue]) -> None:
    """Raises ExamplesOutError where there is none, or one of another project."""
    if not queues:
        raise ExamplesOutError("name at least one queue")
    if other := next((each for each in queues if each.project_id != project.pk), None):
        raise ExamplesOutError(f"{project} has no queue {other.pk}")


def accepted_examples(queues: Sequence[ExampleQueue]) -> Iterator[Example]:
    """The accepted examples of queues, oldest queue first, each in its queue's order."""
    rows = Example.objects.accepted().filter(queue__in=[each.pk for each in queues])
    yield from rows.order_by("queue_id", "position").iterator(chunk_size=AT_ONCE)


def as_accepted(example: Example) -> AcceptedExample:
    return AcceptedExample(example.input, example.context, example.proposal, example.final_answer)


def _rows(
    queues: Sequence[ExampleQueue], form: str, provenance: bool
) -> tuple[list[tuple[Example, dict[str, Any]]], Counter[str]]:
    rows: list[tuple[Example, dict[str, Any]]] = []
    left_out, seen = Counter[str](), set[str]()
    for example in accepted_examples(queues):
        row = ROWS[form](as_accepted(example))
        if row is None:
            left_out[NO_EDIT] += 1
            continue
        text = json.dumps(row, sort_keys=True)
        if text in seen:
            left_out[SAME_ROW] += 1
            continue
        seen.add(text)
        if provenance:
            licence = {"licence": example.licence} if example.licence else {}
            row |= {"example": example.pk, "source": example.source, **licence}
        rows.append((example, row))
    return rows, left_out


def _strict_sentence(items: Mapping[int, ItemInRow], rows: int) -> str:
    named = ", ".join(str(each) for each in list(items.values())[:NAMED])
    more = f" and {len(items) - NAMED:,} more" if len(items) > NAMED else ""
    hold = "holds an item" if len(items) == 1 else "hold items"
    return (
        f"{len(items):,} of {count_text(rows, 'example')} {hold} of a test set in use: {named}"
        f"{more}. What is judged on is never trained on: leave out --strict, and they are left out"
    )


def _reasons(left_out: Mapping[str, int]) -> str:
    texts = [f"{reason}: {count:,}" for reason, count in left_out.items()]
    return f" (left out: {', '.join(texts)})" if texts else ": none is accepted yet"

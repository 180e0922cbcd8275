"""The verbs of a queue: create it, add examples, pause, resume and close it.

Each raises NotAllowedError where `by` doesn't evaluate in the project; None is the operator.
"""

import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.registry.models import Item
from reviews.errors import DraftError, ExampleQueueError, QueueClosedError
from reviews.examples.drafts import ExampleDraft
from reviews.models import Example, ExampleQueue, ExampleState, QueuePurpose, QueueState

MOST_GOLD = 0.5
LONGEST_NAME = 200
LONGEST_INSTRUCTIONS = 20_000
MOST_LABELS = 50
LONGEST_LABEL = 200
AT_ONCE = 500
MOST_DRAFTS = 10_000
"""Examples that are added in one transaction, which holds the writer for some .7 s."""


@dataclass(frozen=True, slots=True)
class AddedExamples:
    """How many examples were added, and how many were left out since the queue has their input."""

    added: int
    duplicates: int


@transaction.atomic
def create_queue(
    *,
    project: Project,
    by: User | None,
    name: str,
    purpose: str = QueuePurpose.TRAINING,
    instructions: str = "",
    annotators_per_example: int = 1,
    labels: Sequence[str] = (),
    gold_share: float = 0.0,
    seed: int | None = None,
) -> ExampleQueue:
    """A new queue, open and empty. Raises ExampleQueueError, which names the field."""
    check_evaluates(by, project)
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise ExampleQueueError("name", f"1 to {LONGEST_NAME} characters")
    if ExampleQueue.objects.filter(project=project, name=name).exists():
        raise ExampleQueueError("name", f"the project has a queue {name!r}")
    if purpose not in QueuePurpose.values:
        raise ExampleQueueError("purpose", f"one of {', '.join(QueuePurpose.values)}")
    if len(instructions) > LONGEST_INSTRUCTIONS:
        raise ExampleQueueError("instructions", f"at most {LONGEST_INSTRUCTIONS:,} characters")
    if annotators_per_example not in (1, 2):
        raise ExampleQueueError("annotators_per_example", "1 or 2")
    if not 0 <= gold_share <= MOST_GOLD:
        raise ExampleQueueError("gold_share", f"0 to {MOST_GOLD}")
    queue = ExampleQueue.objects.create(
        project=project,
        name=name,
        purpose=purpose,
        instructions=instructions.strip(),
        annotators_per_example=annotators_per_example,
        labels=_labels(labels),
        gold_share=gold_share,
        seed=secrets.randbits(32) if seed is None else seed,
        by=by,
    )
    note(Action.QUEUE_CREATED, by=by, project=project, what=name)
    return queue


def _labels(labels: Sequence[str]) -> list[str]:
    names = [label.strip() for label in labels]
    if len(names) == 1 or len(names) > MOST_LABELS or len(set(names)) < len(names):
        raise ExampleQueueError("labels", f"none, or 2 to {MOST_LABELS} different ones")
    if any(not 0 < len(name) <= LONGEST_LABEL for name in names):
        raise ExampleQueueError("labels", f"each of 1 to {LONGEST_LABEL} characters")
    return names


@dataclass(frozen=True, slots=True)
class _NewExample:
    """A checked draft with its number, and what it takes to compute of it."""

    number: int
    draft: ExampleDraft
    fingerprints: tuple[int, int]


def add_examples(
    *, queue: ExampleQueue, drafts: Iterable[ExampleDraft], by: User | None
) -> AddedExamples:
    """Adds examples in a random order behind those that wait; all of them, or none.

    One whose input and context the queue has already, whatever their spelling, is left out and
    counted. A variation belongs to its parent's user, too. Drafts are read and checked before
    anything is written.

    Raises:
        DraftError: a draft that can't be added, by its number from 1.
        QueueClosedError: the queue is closed.
    """
    check_evaluates(by, queue.project)
    fresh: dict[str, _NewExample] = {}
    count = 0
    for count, draft in enumerate(drafts, 1):
        if count > MOST_DRAFTS:
            raise DraftError(count, "number", f"at most {MOST_DRAFTS:,} are added at once")
        draft.check(count, queue.labels)
        if (digest := draft.digest) not in fresh:
            fresh[digest] = _NewExample(count, draft, draft.fingerprints)
    added = _add(queue, fresh, by)
    return AddedExamples(added, count - added)


@transaction.atomic
def _add(queue: ExampleQueue, fresh: dict[str, _NewExample], by: User | None) -> int:
    """Adds those that the queue doesn't have, by their digests. Returns how many."""
    locked = ExampleQueue.objects.select_for_update().get(pk=queue.pk)
    if locked.state == QueueState.CLOSED:
        raise QueueClosedError
    for digests in batched(list(fresh), AT_ONCE):
        existing = locked.examples.filter(digest__in=digests).order_by()
        for digest in existing.values_list("digest", flat=True):
            del fresh[digest]
    users = _users_of_parents(locked, fresh.values())
    _check_items(locked, fresh.values())
    first = locked.examples.count()
    order = list(fresh.items())
    random.Random(f"{locked.seed}:{first}").shuffle(order)
    for batch in batched(enumerate(order, first), AT_ONCE):
        Example.objects.bulk_create(
            _example(locked, new, digest, position, by, users) for position, (digest, new) in batch
        )
    if order:
        what = f"{len(order)} to {locked.name}"
        note(Action.EXAMPLES_ADDED, by=by, project=locked.project, what=what)
    return len(order)


def _example(
    queue: ExampleQueue,
    new: _NewExample,
    digest: str,
    position: int,
    by: User | None,
    users: dict[int, str],
) -> Example:
    draft = new.draft
    parents_user = users.get(draft.parent, "") if draft.parent else ""
    return Example(
        queue=queue,
        position=position,
        input=draft.plain_input,
        context=draft.context,
        proposal=draft.proposal.replace("\r\n", "\n").strip(),
        tags=list(draft.tags),
        metadata=dict(draft.metadata),
        source=draft.source,
        reference=dict(draft.reference),
        model=draft.model,
        prompt=draft.prompt,
        parent_id=draft.parent,
        licence=draft.licence,
        user_hash=draft.user_hash or parents_user,
        by=by,
        item_id=draft.item,
        digest=digest,
        fingerprint=new.fingerprints[0],
        fingerprint_in_context=new.fingerprints[1],
        state=ExampleState.GOLD if draft.gold else ExampleState.WAITING,
        seats=0 if draft.gold else queue.annotators_per_example,
        gold=draft.gold,
        expected=draft.expected,
    )


def _users_of_parents(queue: ExampleQueue, examples: Iterable[_NewExample]) -> dict[int, str]:
    """By primary key, whose traffic the parents come from. Raises DraftError for one elsewhere."""
    children = [new for new in examples if new.draft.parent is not None]
    parents = {new.draft.parent for new in children if new.draft.parent is not None}
    rows = Example.objects.filter(pk__in=parents, queue__project=queue.project_id)
    users = dict(rows.exclude(state=ExampleState.ERASED).order_by().values_list("pk", "user_hash"))
    for new in children:
        if new.draft.parent not in users:
            raise DraftError(new.number, "parent", "the project has no such example")
    return users


def _check_items(queue: ExampleQueue, examples: Iterable[_NewExample]) -> None:
    answers = [new for new in examples if new.draft.item is not None]
    own = Item.objects.written().filter(version__test_set__project=queue.project_id)
    items = own.filter(pk__in=[new.draft.item for new in answers if new.draft.item is not None])
    existing = set(items.order_by().values_list("pk", flat=True))
    for new in answers:
        if new.draft.item not in existing:
            raise DraftError(new.number, "item", "the project has no such item")


def pause_queue(*, queue: ExampleQueue, by: User | None) -> None:
    """Nothing more is dealt; what people have at hand they may still answer."""
    _move(queue, {QueueState.OPEN}, QueueState.PAUSED, by)


def resume_queue(*, queue: ExampleQueue, by: User | None) -> None:
    """Deal again after a pause. A closed queue stays closed: raises QueueClosedError."""
    _move(queue, {QueueState.PAUSED}, QueueState.OPEN, by)


def close_queue(*, queue: ExampleQueue, by: User | None) -> None:
    """Nothing more is dealt, added, answered or taken back. Closing twice is harmless."""
    _move(queue, {QueueState.OPEN, QueueState.PAUSED}, QueueState.CLOSED, by)


@transaction.atomic
def _move(queue: ExampleQueue, between: set[QueueState], to: QueueState, by: User | None) -> None:
    check_evaluates(by, queue.project)
    moved = ExampleQueue.objects.filter(pk=queue.pk, state__in=between).update(state=to)
    queue.refresh_from_db(fields=["state"])
    if queue.state == QueueState.CLOSED and to != QueueState.CLOSED:
        raise QueueClosedError
    if moved:
        action = Action.QUEUE_CLOSED if to == QueueState.CLOSED else Action.QUEUE_PAUSED
        note(action, by=by, project=queue.project, what=queue.name)

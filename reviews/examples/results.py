"""What a queue's page and its endpoint show: counts, agreement, pace, gold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from evalhub.accounts.models import User
from evalhub.io.items import question_of
from reviews.examples.quality import (
    AnnotationRow,
    AnnotatorAgreement,
    AnnotatorQuality,
    action_agreement,
    annotator_quality,
    label_agreement,
)
from reviews.models import Annotation, ExampleQueue, ExampleState

NEWEST = 20_000
"""Answers of a queue that are read: the newest ones of more."""
COLUMNS = (
    "example",
    "annotator",
    "purpose",
    "action",
    "answer",
    "seconds",
    "visible_seconds",
    "example__input",
    "example__context",
    "example__proposal",
    "example__expected",
)


@dataclass(frozen=True, slots=True)
class QueueResults:
    """How a queue goes. `read` is how many answers were read, the newest of all.

    `names` are the annotators' user names by primary key.
    """

    states: Mapping[str, int]
    read: int
    actions: AnnotatorAgreement | None
    labels: AnnotatorAgreement | None
    people: Sequence[AnnotatorQuality]
    names: Mapping[int, str]


def queue_results(queue: ExampleQueue) -> QueueResults:
    """The results of a queue so far. Three queries."""
    rows = annotation_rows(queue)
    people = annotator_quality(rows)
    users = User.objects.filter(pk__in=[person.annotator for person in people])
    return QueueResults(
        states=state_counts(queue),
        read=len(rows),
        actions=action_agreement(rows),
        labels=label_agreement(rows, queue.labels) if queue.labels else None,
        people=people,
        names=dict(users.values_list("pk", "username")),
    )


def annotation_rows(queue: ExampleQueue) -> list[AnnotationRow]:
    """The queue's standing answers, the oldest first, without those whose example is erased."""
    standing = Annotation.objects.standing().filter(queue=queue)
    kept = standing.exclude(example__state=ExampleState.ERASED)
    newest = kept.order_by("-pk").values_list(*COLUMNS)[:NEWEST]
    return [_row(*columns) for columns in reversed(newest)]


def _row(
    example: int,
    annotator: int,
    purpose: str,
    action: str,
    answer: str,
    seconds: float,
    visible: float | None,
    input_: Any,
    context: str,
    proposal: str,
    expected: str,
) -> AnnotationRow:
    length = len(question_of(input_)) + len(context) + len(proposal)
    return AnnotationRow(
        example, annotator, purpose, action, answer, seconds, visible, length, expected
    )


def state_counts(queue: ExampleQueue) -> dict[str, int]:
    """Number of examples by state, of each state there is."""
    counted = queue.examples.order_by().values_list("state").annotate(n=Count("pk"))
    counts: dict[str, int] = dict(counted)
    return {state: counts.get(state, 0) for state in ExampleState.values}

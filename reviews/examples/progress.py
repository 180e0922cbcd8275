"""A person's own queues, and how far they are in each."""

from dataclasses import dataclass

from evalhub.accounts.models import User
from reviews.models import Annotation, ExampleQueue, ExampleState, QueueState

MOST_COUNTED = 1000
"""Examples that are left are counted up to here: a page says "1000 or more"."""


@dataclass(frozen=True, slots=True)
class OwnProgress:
    """A queue as its annotator sees it: own answers, and what is left for them now."""

    queue: ExampleQueue
    answered: int
    left: int
    disputed: bool

    @property
    def many_left(self) -> bool:
        return self.left >= MOST_COUNTED


def own_queues(user: User) -> list[OwnProgress]:
    """The queues that aren't closed in which this person may answer, the newest first.

    `left` is 1 where anything is left. One query, however many there are.
    """
    queues = ExampleQueue.objects.of_annotator(user).exclude(state=QueueState.CLOSED)
    rows = queues.with_own_progress(user).newest_first()
    return [
        OwnProgress(queue, queue.own_answers, int(queue.has_left), queue.has_disputed)
        for queue in rows
    ]


def own_progress(queue: ExampleQueue, user: User) -> OwnProgress:
    """How far this person is in one queue. Three queries."""
    standing = Annotation.objects.standing().filter(queue=queue, annotator=user)
    waiting = queue.examples.with_free_seat().never_had_by(user)
    disputed = queue.examples.filter(state=ExampleState.DISPUTED).never_had_by(user)
    return OwnProgress(
        queue,
        answered=standing.count(),
        left=waiting.order_by()[:MOST_COUNTED].count(),
        disputed=disputed.exists(),
    )

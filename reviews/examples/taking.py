"""Deal one example at a time under a lease that ends by itself.

The person's own row is locked meanwhile, so that two tabs of one person get the same example. A
seat is taken by a compare-and-set on the example's row, and a constraint refuses one too many.
"""

import datetime
import random
from dataclasses import dataclass
from typing import Literal

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from evalhub.accounts.models import Membership, Project, Role, User
from reviews.errors import NotBlindError, UnknownExampleError
from reviews.models import (
    Annotation,
    AnnotationPurpose,
    AnnotationState,
    Example,
    ExampleQueue,
    ExampleState,
    QueueState,
)
from reviews.models.examples import WANTS_ANNOTATORS

LEASE = datetime.timedelta(minutes=30)
"""Longer than a review's: people write here."""
CANDIDATES = 5
"""Free examples that are looked up at once; others may take some of them meanwhile."""
TRIES = 20

NothingKind = Literal["done", "wait", "paused", "closed"]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why there is no example now. "wait": what is left is with others, who may let it go."""

    kind: NothingKind


def check_annotates(*, queue: ExampleQueue, user: User) -> None:
    """That this person may answer examples of the queue.

    A reviewer of its project may. Owners and evaluators see what proposed each answer, so they may
    only where one person answers each example. Raises UnknownExampleError or NotBlindError.
    """
    role = _role(queue, user)
    if role != Role.REVIEWER and queue.annotators_per_example > 1:
        raise NotBlindError


def check_adjudicates(*, queue: ExampleQueue, user: User) -> None:
    """That this person is a member of the queue's project, any of whom may decide a disagreement
    between others. Raises UnknownExampleError."""
    _role(queue, user)


def _role(queue: ExampleQueue, user: User) -> str:
    member = Membership.objects.filter(project=queue.project_id, user=user).first()
    if member is None:
        raise UnknownExampleError
    return member.role


def take_example(*, queue: ExampleQueue, user: User) -> Annotation | Nothing:
    """The example that this person has at hand, or the next one; with `example` and `queue` read.

    Asked again before the answer, it is the same turn with its lease renewed. Raises
    UnknownExampleError or NotBlindError.
    """
    check_annotates(queue=queue, user=user)
    taken = _take_once(queue, user)
    for _ in range(TRIES):
        if isinstance(taken, Annotation) or taken.kind not in ("done", "wait"):
            return taken
        if not release_ended(queue) and taken.kind == "done":
            return taken
        was, taken = taken, _take_once(queue, user)
        if taken == was:
            return taken
    return taken


@transaction.atomic
def _take_once(queue: ExampleQueue, user: User) -> Annotation | Nothing:
    lock_person(user)
    queue.refresh_from_db(fields=["state", "gold_share"])
    if queue.state != QueueState.OPEN:
        return Nothing("closed" if queue.state == QueueState.CLOSED else "paused")
    now = timezone.now()
    own = Annotation.objects.filter(queue=queue, annotator=user).select_related("example", "queue")
    at_hand = own.on_lease().exclude(purpose=AnnotationPurpose.ADJUDICATION).first()
    if at_hand is not None:
        _renew(at_hand, now)
        return at_hand
    waiting = queue.examples.with_free_seat().never_had_by(user)
    while candidates := list(waiting[:CANDIDATES]):
        if (gold := _gold_turn(queue, user)) is not None:
            return _lease(gold, user, AnnotationPurpose.GOLD, now)
        for example in candidates:
            if take_seat(example):
                return _lease(example, user, AnnotationPurpose.MAIN, now)
    others = queue.examples.filter(state__in=WANTS_ANNOTATORS).never_had_by(user)
    return Nothing("wait" if others.exists() else "done")


def _gold_turn(queue: ExampleQueue, user: User) -> Example | None:
    """A gold example that this person hasn't had, where the draw of this turn says so."""
    if not queue.gold_share:
        return None
    turn = Annotation.objects.filter(queue=queue, annotator=user).count()
    if random.Random(f"{queue.seed}:{user.pk}:{turn}").random() >= queue.gold_share:
        return None
    gold = queue.examples.filter(state=ExampleState.GOLD).never_had_by(user)
    return gold.order_by("position").first()


def take_disputed(*, queue: ExampleQueue, user: User) -> Annotation | Nothing:
    """The disagreement that this person decides now, one that they haven't answered themselves.

    Raises UnknownExampleError.
    """
    check_adjudicates(queue=queue, user=user)
    release_ended(queue)
    with transaction.atomic():
        lock_person(user)
        queue.refresh_from_db(fields=["state"])
        if queue.state != QueueState.OPEN:
            return Nothing("closed" if queue.state == QueueState.CLOSED else "paused")
        now = timezone.now()
        adjudications = Annotation.objects.filter(purpose=AnnotationPurpose.ADJUDICATION)
        own = adjudications.filter(queue=queue, annotator=user).on_lease()
        if at_hand := own.select_related("example", "queue").first():
            _renew(at_hand, now)
            return at_hand
        disputed = queue.examples.filter(state=ExampleState.DISPUTED).never_had_by(user)
        others = adjudications.filter(queue=queue).on_lease().values("example")
        for example in disputed.exclude(pk__in=others).order_by("position")[:TRIES]:
            try:
                with transaction.atomic():
                    return _lease(example, user, AnnotationPurpose.ADJUDICATION, now)
            except IntegrityError:  # another process got there first
                continue
        return Nothing("wait" if disputed.exists() else "done")


def _lease(
    example: Example, user: User, purpose: AnnotationPurpose, now: datetime.datetime
) -> Annotation:
    """A turn at an example; one whose lease ended before an answer is taken up again."""
    lease = {"state": AnnotationState.LEASED, "dealt": now, "lease_until": now + LEASE}
    own = Annotation.objects.filter(example=example, annotator=user, purpose=purpose)
    earlier = own.filter(state=AnnotationState.EXPIRED).select_related("example", "queue").last()
    if earlier is None:
        who = {"queue": example.queue, "annotator": user, "purpose": purpose}
        return Annotation.objects.create(example=example, revision=own.count(), **who, **lease)
    for name, value in lease.items():
        setattr(earlier, name, value)
    earlier.save(update_fields=list(lease))
    return earlier


def _renew(annotation: Annotation, now: datetime.datetime) -> None:
    """Renew a lease that is half over."""
    if annotation.lease_until < now + LEASE / 2:
        annotation.lease_until = now + LEASE
        annotation.save(update_fields=["lease_until"])


def lock_person(user: User) -> None:
    """One person does one thing at a time here. Call it first in a transaction."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)


def take_seat(example: Example) -> bool:
    """Whether a seat of this example was free and is now taken."""
    free = Example.objects.filter(pk=example.pk, taken__lt=F("seats"), state__in=WANTS_ANNOTATORS)
    return free.update(taken=F("taken") + 1) == 1


def give_back(example: int) -> None:
    """One seat of this example is free again."""
    Example.objects.filter(pk=example).update(taken=F("taken") - 1)


@transaction.atomic
def release_ended(queue: ExampleQueue) -> bool:
    """Free the seats of leases that have ended, each once however many call this.

    Returns whether there were any. Call it while holding no lock.
    """
    ended = Annotation.objects.on_lease().filter(queue=queue, lease_until__lt=timezone.now())
    leases = list(ended.select_for_update(skip_locked=True).order_by("example"))
    for annotation in leases:
        Annotation.objects.filter(pk=annotation.pk).update(state=AnnotationState.EXPIRED)
        if annotation.purpose == AnnotationPurpose.MAIN:
            give_back(annotation.example_id)
    return bool(leases)


def is_project_evaluator(*, queue: ExampleQueue, user: User) -> bool:
    """Whether this person may see the queue's own page."""
    return Project.objects.visible_to(user).filter(pk=queue.project_id).exists()

"""Records what a person did with an example once, takes it back, or records a skip."""

import uuid

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import User
from reviews.errors import (
    AlreadyAnnotatedError,
    ExampleLostError,
    NoExampleToUndoError,
    QueueClosedError,
    UnknownExampleError,
)
from reviews.examples.answers import LONGEST_REASON, ExampleAnswer, ExampleOutcome, outcome_of
from reviews.examples.taking import (
    LEASE,
    check_adjudicates,
    check_annotates,
    give_back,
    lock_person,
    take_seat,
)
from reviews.models import (
    Annotation,
    AnnotationPurpose,
    AnnotationState,
    Example,
    ExampleQueue,
    ExampleState,
    QueueState,
)

UNDO_FOR = LEASE / 2
"""For so long an answer can be taken back."""
WRITTEN = ("state", "action", "answer", "reason", "seconds", "visible_seconds", "answered")
"""What an answer writes of a turn."""


@transaction.atomic
def annotate(*, token: uuid.UUID, user: User, answer: ExampleAnswer) -> Annotation:
    """Keeps a person's answer to the example of this turn, and settles the example.

    A turn at a disagreement decides it. The same answer again returns the one that is there. An
    answer that comes after its lease has ended counts if its seat is still free.

    Raises UnknownExampleError, NotBlindError, UnfitExampleAnswerError, AlreadyAnnotatedError,
    ExampleLostError or QueueClosedError; nothing is kept then.
    """
    annotation = _locked_turn(token, user)
    example = annotation.example
    if example.state == ExampleState.ERASED:
        raise ExampleLostError
    normal = answer.normalise(proposal=example.proposal, labels=annotation.queue.labels)
    if annotation.state == AnnotationState.ANSWERED:
        saved = annotation.action, annotation.answer, annotation.reason
        if saved != (normal.action, normal.text, normal.reason):
            raise AlreadyAnnotatedError
        return annotation
    _check_at_hand(annotation)
    now = timezone.now()
    annotation.state = AnnotationState.ANSWERED
    annotation.action, annotation.answer = normal.action, normal.text or ""
    annotation.reason = normal.reason
    annotation.seconds = max(0.0, (now - annotation.dealt).total_seconds())
    annotation.visible_seconds = normal.visible_seconds
    annotation.answered = now
    annotation.save(update_fields=WRITTEN)
    _settle(example)
    return annotation


@transaction.atomic
def skip(*, token: uuid.UUID, user: User, reason: str = "") -> Annotation:
    """Leaves an example to others: its seat is free at once, and it doesn't come back.

    Skipping twice is harmless. Raises as `annotate` does.
    """
    annotation = _locked_turn(token, user)
    if annotation.state == AnnotationState.SKIPPED:
        return annotation
    if annotation.state != AnnotationState.LEASED:
        raise AlreadyAnnotatedError
    if annotation.purpose == AnnotationPurpose.MAIN:
        give_back(annotation.example_id)
    annotation.state = AnnotationState.SKIPPED
    annotation.reason = reason.strip()[:LONGEST_REASON]
    annotation.save(update_fields=["state", "reason"])
    return annotation


@transaction.atomic
def undo(*, queue: ExampleQueue, user: User) -> Annotation:
    """Takes the last answer back: its example is at hand again, as another revision.

    The answer stays as it was, but doesn't count. What the person has at hand meanwhile is free
    for others. Raises NoExampleToUndoError, QueueClosedError, UnknownExampleError, NotBlindError.
    """
    check_adjudicates(queue=queue, user=user)
    lock_person(user)
    queue.refresh_from_db(fields=["state"])
    if queue.state == QueueState.CLOSED:
        raise QueueClosedError
    now = timezone.now()
    own = Annotation.objects.filter(queue=queue, annotator=user)
    recent = own.standing().filter(answered__gt=now - UNDO_FOR)
    last = recent.select_related("example", "queue").order_by("-answered", "-pk").first()
    if last is None:
        raise NoExampleToUndoError
    _check_may(last, user)
    at_hand = own.on_lease().exclude(purpose=AnnotationPurpose.ADJUDICATION)
    if last.purpose == AnnotationPurpose.ADJUDICATION:
        at_hand = own.on_lease().filter(purpose=AnnotationPurpose.ADJUDICATION)
    leases = list(at_hand)
    pks = [last.example_id, *(lease.example_id for lease in leases)]
    rows = Example.objects.filter(pk__in=pks).select_for_update().order_by("pk")
    example = last.example = {each.pk: each for each in rows}[last.example_id]
    if example.state == ExampleState.ERASED or _is_decided_on(last):
        raise NoExampleToUndoError
    for lease in leases:
        Annotation.objects.filter(pk=lease.pk).update(state=AnnotationState.EXPIRED)
        if lease.purpose == AnnotationPurpose.MAIN:
            give_back(lease.example_id)
    Annotation.objects.filter(pk=last.pk).update(state=AnnotationState.UNDONE)
    again = Annotation.objects.create(
        queue=queue,
        example=example,
        annotator=user,
        purpose=last.purpose,
        revision=last.revision + 1,
        dealt=now,
        lease_until=now + LEASE,
    )
    _settle(example)
    return again


def _is_decided_on(annotation: Annotation) -> bool:
    """Whether a third person decides, or has decided, between this answer and another."""
    if annotation.purpose != AnnotationPurpose.MAIN:
        return False
    third = annotation.example.annotations.filter(purpose=AnnotationPurpose.ADJUDICATION)
    live = [AnnotationState.LEASED, AnnotationState.ANSWERED]
    return third.filter(state__in=live).exists()


def _locked_turn(token: uuid.UUID, user: User) -> Annotation:
    """The turn with this token and its example, locked until the commit."""
    lock_person(user)
    turns = Annotation.objects.select_related("queue").filter(annotator=user)
    try:
        annotation = turns.select_for_update(of=("self",)).get(token=token)
    except Annotation.DoesNotExist:
        raise UnknownExampleError from None
    _check_may(annotation, user)
    if annotation.queue.state == QueueState.CLOSED:
        raise QueueClosedError
    annotation.example = Example.objects.select_for_update().get(pk=annotation.example_id)
    return annotation


def _check_may(annotation: Annotation, user: User) -> None:
    if annotation.purpose == AnnotationPurpose.ADJUDICATION:
        check_adjudicates(queue=annotation.queue, user=user)
    else:
        check_annotates(queue=annotation.queue, user=user)


def _check_at_hand(annotation: Annotation) -> None:
    """Raise unless the turn may be answered: on lease, or with a seat that is still free."""
    if annotation.state in (AnnotationState.SKIPPED, AnnotationState.UNDONE):
        raise AlreadyAnnotatedError
    if annotation.state == AnnotationState.LEASED:
        return
    free = annotation.purpose == AnnotationPurpose.MAIN and take_seat(annotation.example)
    if not free and annotation.purpose != AnnotationPurpose.GOLD:
        raise ExampleLostError


def _settle(example: Example) -> None:
    """Writes what the standing answers come to; a third person's is the one that holds."""
    if example.gold:
        return
    outcome = _outcome(example)
    example.state, example.final_answer = outcome.state, outcome.final_answer
    example.decided = timezone.now() if example.is_decided else None
    example.save(update_fields=["state", "final_answer", "decided"])


def _outcome(example: Example) -> ExampleOutcome:
    standing = example.annotations.standing()
    third = standing.filter(purpose=AnnotationPurpose.ADJUDICATION).first()
    if third is not None:
        return outcome_of([(third.action, third.answer)], wanted=1)
    answers = standing.main().order_by("answered", "pk").values_list("action", "answer")
    return outcome_of(list(answers), wanted=example.seats)

"""A person's turn at an example, and what they did with it."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import User
from reviews.models.examples import Example, ExampleQueue


class AnnotationState(models.TextChoices):
    LEASED = "leased", "dealt, not yet answered"
    ANSWERED = "answered", "answered"
    EXPIRED = "expired", "lease ended: its seat is free again"
    SKIPPED = "skipped", "skipped: its seat is free again"
    UNDONE = "undone", "answered and taken back: the next revision stands"


class AnnotationPurpose(models.TextChoices):
    MAIN = "main", "takes a seat"
    GOLD = "gold", "at a gold example: takes no seat"
    ADJUDICATION = "adjudication", "decides a disagreement: takes no seat"


class AnnotationAction(models.TextChoices):
    ACCEPT = "accept", "accepted"
    EDIT = "edit", "edited"
    REJECT = "reject", "rejected"


HAD = (AnnotationState.ANSWERED, AnnotationState.SKIPPED)


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def standing(self) -> Self:
        """Answers that count: not taken back."""
        return self.filter(state=AnnotationState.ANSWERED)

    def on_lease(self) -> Self:
        return self.filter(state=AnnotationState.LEASED)

    def had(self) -> Self:
        """Turns after which the example doesn't come back to the same person."""
        return self.filter(state__in=HAD)

    def main(self) -> Self:
        return self.filter(purpose=AnnotationPurpose.MAIN)


class Annotation(models.Model):
    """One person's turn at an example: first a lease, then an answer, which is never changed.

    An answer that was taken back stays as it was, with the state `undone`; the next revision is a
    row of its own. The database refuses to change who, what and when; texts can be erased.
    """

    queue = models.ForeignKey(ExampleQueue, models.PROTECT, related_name="annotations")
    example = models.ForeignKey(Example, models.PROTECT, related_name="annotations")
    annotator = models.ForeignKey(User, models.PROTECT, related_name="annotations")
    purpose = models.CharField(
        max_length=20, choices=AnnotationPurpose.choices, default=AnnotationPurpose.MAIN
    )
    revision = models.PositiveSmallIntegerField(
        default=0, help_text="0 for this person's first answer to it, then 1, 2, …"
    )
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(
        max_length=20, choices=AnnotationState.choices, default=AnnotationState.LEASED
    )
    dealt = models.DateTimeField(help_text="when it was last put before the person")
    lease_until = models.DateTimeField()
    action = models.CharField(
        max_length=20, choices=AnnotationAction.choices, blank=True, help_text="empty: no answer"
    )
    answer = models.TextField(blank=True, help_text="accept and edit: the answer, as it was saved")
    reason = models.CharField(max_length=1000, blank=True, help_text="why rejected or skipped")
    seconds = models.FloatField(
        null=True, help_text="from the deal to the answer, on the server's clock"
    )
    visible_seconds = models.FloatField(
        null=True, help_text="for how long the page was in view, as the browser counted"
    )
    answered = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["example", "annotator", "purpose", "revision"],
                name="annotation_revision",
            ),
            models.UniqueConstraint(
                fields=["example", "annotator"],
                condition=Q(state__in=["leased", "answered", "skipped"]),
                name="annotation_once",
                violation_error_message="This person has had this example.",
            ),
            models.UniqueConstraint(
                fields=["queue", "annotator"],
                condition=Q(state="leased") & ~Q(purpose="adjudication"),
                name="annotation_one_at_hand",
                violation_error_message="This person has another example of the queue at hand.",
            ),
            models.UniqueConstraint(
                fields=["example"],
                condition=Q(purpose="adjudication", state__in=["leased", "answered"]),
                name="annotation_adjudicated_once",
                violation_error_message="Somebody else decides this disagreement.",
            ),
            models.CheckConstraint(
                condition=Q(action="", answered=None, seconds=None)
                | Q(
                    action__in=["accept", "edit", "reject"],
                    answered__isnull=False,
                    seconds__gte=0,
                ),
                name="annotation_action",
                violation_error_message="An answer accepts, edits or rejects, and has its time.",
            ),
            models.CheckConstraint(
                condition=Q(action="") ^ Q(state__in=["answered", "undone"]),
                name="annotation_answered",
                violation_error_message="A turn is answered when it says what was done.",
            ),
            models.CheckConstraint(
                condition=~Q(action="reject") | ~Q(reason=""),
                name="annotation_reason",
                violation_error_message="Say why it is rejected.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(state="leased"),
                name="annotation_on_lease",
            ),
            models.Index(fields=["queue", "annotator", "state"], name="annotation_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.annotator} at {self.example}"

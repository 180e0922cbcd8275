"""Calls of a model for examples: what it was asked, and what it answered, each kept once."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, User
from evalhub.registry.models import ModelVersion
from reviews.models import Example, ExampleQueue


class CallPart(models.TextChoices):
    """What of an example the model is asked for."""

    ANSWER = "answer", "an answer to an input"
    QUESTION = "question", "another wording of a question"


class ExampleCallQuerySet(OfProjectQuerySet["ExampleCall"]):
    project_field = "queue__project"

    def unanswered(self) -> Self:
        """Those to be asked: neither answered nor failed, nor erased."""
        return self.filter(answered=None, error="")

    def failed(self) -> Self:
        return self.exclude(error="")

    def free(self, now: datetime) -> Self:
        """Those that no process is asking."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=now))

    def sums(self) -> "models.QuerySet[ExampleCall, dict[str, Any]]":
        """By version and kind: how many calls, answers, errors and examples, and the costs."""
        names = ("version", "version__model__slug", "version__number", "kind")
        rows: models.QuerySet[ExampleCall, dict[str, Any]] = (
            self.order_by()
            .values(*names)
            .annotate(
                calls=Count("pk"),
                answers=Count("answered"),
                failed=Count("pk", filter=~Q(error="")),
                examples=Count("example"),
                cost=Sum("cost"),
            )
            .order_by(*names[1:])
        )
        return rows

    def held_by(self, token: uuid.UUID) -> Self:
        return self.filter(lease_token=token)


class ExampleCall(models.Model):
    """One question to a model, whose answer becomes a part of an example.

    It is written before it is asked, so that a process that dies leaves what is to be asked, and
    what was answered isn't asked again.
    """

    queue = models.ForeignKey(ExampleQueue, models.PROTECT, related_name="calls")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=80, help_text="propose, paraphrase, vary:formal, vary:language=German, …"
    )
    part = models.CharField(max_length=10, choices=CallPart.choices)
    number = models.PositiveSmallIntegerField(default=1, help_text="of several variations")
    input = models.JSONField(help_text="what is answered or varied; empty once it was erased")
    context = models.TextField(blank=True)
    input_digest = models.CharField(max_length=64, help_text="SHA-256 of input and context")
    prompt_digest = models.CharField(
        max_length=64, help_text="SHA-256 of the prompt around it and of the sampling"
    )
    draft = models.JSONField(
        default=dict, help_text="tags, provenance, licence, test-set item of the example to be"
    )
    parent = models.ForeignKey(
        Example, models.PROTECT, null=True, related_name="+", help_text="that is varied"
    )
    user_hash = models.CharField(
        max_length=32, blank=True, help_text="of the traffic's user, whose erasure reaches it"
    )

    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="who asked; empty: operator"
    )

    answer = models.TextField(null=True)
    error = models.TextField(blank=True)
    answered = models.DateTimeField(null=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    served_model = models.CharField(max_length=200, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.FloatField(null=True)
    cost = models.FloatField(null=True, help_text="where a price is known, in its currency")
    attempts = models.PositiveSmallIntegerField(default=0)
    example = models.ForeignKey(
        Example, models.PROTECT, null=True, related_name="calls", help_text="that was made of it"
    )
    left_out = models.CharField(
        max_length=100, blank=True, help_text="why it became no part of an example"
    )
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = ExampleCallQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "version", "kind", "part", "number", "input_digest"],
                name="example_call_once",
                violation_error_message="The version was asked this for the queue already.",
            ),
            models.CheckConstraint(
                condition=Q(answered=None) | Q(error=""),
                name="example_call_answer_or_error",
                violation_error_message="A call has an answer or an error.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "version"],
                condition=Q(answered=None),
                name="example_call_open",
            ),
            models.Index(
                fields=["user_hash"], condition=~Q(user_hash=""), name="example_call_of_user"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.version}, call {self.pk}"

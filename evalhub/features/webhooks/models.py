"""Webhooks of a project, and each message with its outcome."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models import OfProjectQuerySet, Project, User


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "is to be sent"
    DELIVERED = "delivered", "was taken"
    FAILED = "failed", "was given up"


class WebhookQuerySet(OfProjectQuerySet["Webhook"]):
    def enabled(self) -> Self:
        return self.filter(disabled=None)

    def owned_by(self, user: User) -> Self:
        """Webhooks of the projects that this person owns."""
        return self.filter(project__in=Project.objects.owned_by(user))

    def with_outcomes(self) -> Self:
        """With `waiting` and `given_up`, how many of its messages are, and `last_sent`."""
        waiting = Q(deliveries__state=DeliveryState.WAITING)
        return self.annotate(
            waiting=Count("deliveries", filter=waiting),
            given_up=Count("deliveries", filter=Q(deliveries__state=DeliveryState.FAILED)),
            last_sent=Max("deliveries__ended", filter=Q(deliveries__state=DeliveryState.DELIVERED)),
        ).order_by("id")


class Webhook(models.Model):
    """An address to which a project's events are sent. Of its secret only a salt is stored."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = models.JSONField(help_text="what it is told: a list of EventType")
    salt = models.CharField(max_length=64, editable=False, help_text="what its secret is made of")
    old_salt = models.CharField(max_length=64, blank=True, editable=False)
    old_until = models.DateTimeField(
        null=True, editable=False, help_text="until when messages are signed by the old one too"
    )
    private = models.BooleanField(
        default=False,
        editable=False,
        help_text="whether it may lie on this machine or in a private network: the operator's word",
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    disabled = models.DateTimeField(null=True, editable=False)
    why = models.CharField(max_length=200, blank=True, help_text="why it is disabled")
    since = models.DateTimeField(editable=False, help_text="from when on it is told")
    looked = models.DateTimeField(
        editable=False, help_text="when it was last looked for what it is to be told"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = WebhookQuerySet.as_manager()
    forms_read: ClassVar = ("events", "disabled", "old_until")

    class Meta:
        ordering = ["project", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "url"],
                name="webhook_url_once",
                violation_error_message="The project has a webhook of this address.",
            )
        ]

    def __str__(self) -> str:
        return self.url


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> Self:
        """Messages to send now, the longest due first."""
        now = timezone.now()
        enabled = self.filter(state=DeliveryState.WAITING, webhook__disabled=None)
        return enabled.filter(due_at__lte=now).order_by("due_at", "id")


class Delivery(models.Model):
    """A message to one webhook about one event, with its outcome."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=100, help_text="what happened to what, once")
    type = models.CharField(max_length=40, help_text="an EventType")
    message_id = models.CharField(max_length=60, unique=True, editable=False)
    body = models.TextField(help_text="as it is sent, each time")
    state = models.CharField(
        max_length=20, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="of the next attempt; while one is made, of another")
    status = models.PositiveSmallIntegerField(null=True, help_text="of the last answer")
    error = models.CharField(max_length=300, blank=True, help_text="of the last attempt")
    ended = models.DateTimeField(null=True, help_text="when it was taken or given up")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"

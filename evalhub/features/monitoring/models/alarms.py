"""Changes that monitors have proven, who was told, and what would mend them."""

from typing import ClassVar, Literal, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.declare.retraining import RetrainEvidence
from evalhub.features.monitoring.models.monitors import Monitor
from evalhub.features.monitoring.models.streams import Stream
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.declared import DeclaredField


class Resolution(models.TextChoices):
    """What somebody says of an alarm in the end."""

    MENDED = "mended", "it was mended"
    MEANT = "meant", "it was meant to be: the reference begins anew"
    FALSE = "false", "it was a false alarm"


class AlarmQuerySet(OfProjectQuerySet["Alarm"]):
    project_field = "monitor__project"

    def of_project(self, project: Project) -> Self:
        return self.filter(monitor__project=project)

    def open(self) -> Self:
        return self.filter(resolved=None)

    def loud(self) -> Self:
        """Open ones that nobody has snoozed until later than now."""
        snoozed = Q(snoozed_until__gt=timezone.now())
        return self.open().exclude(snoozed)

    def with_related(self) -> Self:
        """Selects the rows that its page and REST show."""
        return self.select_related(
            "monitor__project", "version__model", "stream__version", "stream__monitor", "owner",
            "acknowledged_by", "resolved_by",
        )  # fmt: skip


class Alarm(models.Model):
    """A change that a monitor has proven. While it is open, the same of its version isn't raised
    again."""

    monitor = models.ForeignKey(Monitor, models.PROTECT, related_name="alarms")
    stream = models.ForeignKey(Stream, models.PROTECT, null=True, related_name="alarms")
    subject = models.CharField(
        max_length=300,
        help_text="what changed, as `errors, route billing`",
    )
    version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="+")
    raised = models.DateTimeField()
    since = models.DateField(null=True, help_text="the day on which the change most likely came")
    evidence = models.JSONField(help_text="numbers, with their names")
    sentence = models.TextField()
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    acknowledged = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    snooze_reason = models.TextField(blank=True)
    resolved = models.DateTimeField(null=True, help_text="empty: it is open")
    resolved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    resolution = models.CharField(max_length=10, choices=Resolution.choices, blank=True)
    reason = models.TextField(blank=True, help_text="of the resolution")

    objects = AlarmQuerySet.as_manager()

    forms_read: ClassVar = ("owner_id", "acknowledged", "snoozed_until", "resolved")

    class Meta:
        ordering = ["-raised", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "subject", "version"],
                condition=Q(resolved=None),
                name="alarm_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject}, {self.raised:%Y-%m-%d}"

    @property
    def state(self) -> Literal["open", "snoozed", "resolved"]:
        """Resolved; or open, and quiet for now or not."""
        if self.resolved is not None:
            return "resolved"
        is_quiet = self.snoozed_until is not None and self.snoozed_until > timezone.now()
        return "snoozed" if is_quiet else "open"


class MailState(models.TextChoices):
    WAITING = "waiting", "it waits to be sent"
    SENDING = "sending", "it is being handed over, or the process died while it was"
    SENT = "sent", "it was sent"
    FAILED = "failed", "it could not be sent, and is given up"


class AlarmMail(models.Model):
    """That one person is told of one alarm by mail. Rows of one `message` are one mail.

    A row is made before anything is sent, and once a mail is being handed over it is never sent
    again, however that ends: nobody gets the same twice.
    """

    alarm = models.ForeignKey(Alarm, models.CASCADE, related_name="mails")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    message = models.UUIDField()
    state = models.CharField(max_length=8, choices=MailState.choices, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(help_text="when it is tried, or tried again")
    error = models.CharField(max_length=300, blank=True)
    created = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["state", "due"], name="alarm_mail_due")]
        constraints = [models.UniqueConstraint(fields=["alarm", "user"], name="alarm_mail_once")]

    def __str__(self) -> str:
        return f"{self.alarm}, to {self.user}"


class RetrainProposalQuerySet(OfProjectQuerySet["RetrainProposal"]):
    def with_related(self) -> Self:
        """Selects the rows that its page and REST show."""
        return self.select_related(
            "project",
            "by",
            "version__model",
            "retrained__model",
            "alarm__monitor__project",
            "alarm__stream__version__model",
        )


class RetrainProposal(models.Model):
    """A proven loss of quality or of signals, with what would mend it. Somebody takes it up or
    declines it, and what came of it is linked later."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="retrain_proposals")
    alarm = models.OneToOneField(Alarm, models.PROTECT, related_name="retrain_proposal")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    evidence = DeclaredField[RetrainEvidence](RetrainEvidence)
    created = models.DateTimeField()
    declined = models.DateTimeField(null=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="who declined or linked it"
    )
    reason = models.TextField(blank=True, help_text="why it was declined")
    retrained = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="the version that came of it",
    )

    objects = RetrainProposalQuerySet.as_manager()

    forms_read: ClassVar = ("declined", "retrained_id")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version}, by {self.alarm}"

    @property
    def state(self) -> str:
        if self.declined is not None:
            return "declined"
        return "open" if self.retrained_id is None else "retrained"

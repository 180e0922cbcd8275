"""Monitors of a project, and how many false alarms a year they may raise together."""

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.declare.monitor import MonitorKind, MonitorPlan
from evalhub.registry.models.declared import DeclaredField

LEASE = timedelta(minutes=5)
"""Whoever dies while looking at a monitor holds it up for that long."""
KINDS = [(kind.value, kind.value) for kind in MonitorKind]


class MonitoringSettings(models.Model):
    """How many false alarms a year a project's monitors may raise together."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="monitoring_settings")
    false_alarms_a_year = models.FloatField()

    class Meta:
        verbose_name = "monitoring of a project"
        verbose_name_plural = "monitorings of projects"

    def __str__(self) -> str:
        return f"{self.project}: {self.false_alarms_a_year:g} false alarms a year"


class MonitorQuerySet(OfProjectQuerySet["Monitor"]):
    def running(self) -> Self:
        return self.filter(ended=None)

    def free(self) -> Self:
        """Running ones of which nobody holds a lease. One that was taken while a clock was ahead
        isn't held."""
        now = timezone.now()
        held = Q(lease_until__gt=now, lease_until__lte=now + LEASE)
        return self.running().exclude(held)

    def due(self) -> Self:
        """Free ones that are to be looked at, or were while a clock was ahead."""
        now = timezone.now()
        return self.free().filter(Q(due__lte=now) | Q(looked__gt=now)).order_by("due", "id")


class Monitor(models.Model):
    """Watches one side of a project's champion, and of whoever is champion after it."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="monitors")
    kind = models.CharField(max_length=12, choices=KINDS)
    plan = DeclaredField[Any](MonitorPlan)  # type: ignore[arg-type]
    false_alarms_a_year = models.FloatField(
        help_text="how many there are in a year, at most, while nothing changes"
    )
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="who answers for its alarms"
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    due = models.DateTimeField(help_text="when it is next looked at")
    looked = models.DateTimeField(null=True, help_text="when it was last looked at; empty: not yet")
    ended = models.DateTimeField(null=True, help_text="empty: it is running")
    why = models.CharField(max_length=200, blank=True, help_text="why it ended")
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = MonitorQuerySet.as_manager()

    forms_read: ClassVar = ("ended",)

    class Meta:
        ordering = ["project", "id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.project.slug}"

"""Watches of promoted versions, and their checks with outcomes."""

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.declare.prices import SpendingBudget
from evalhub.registry.models import ModelVersion, Run, TestSetVersion
from evalhub.registry.models.declared import DeclaredField


class WatchQuerySet(OfProjectQuerySet["Watch"]):
    def watching(self) -> Self:
        return self.filter(ended=None)

    def due(self) -> Self:
        return self.watching().filter(due__lte=timezone.now()).order_by("due", "id")


class Watch(models.Model):
    """A promoted version that is asked again at intervals: is it still the same model?"""

    project = models.ForeignKey(Project, models.CASCADE, related_name="watches")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="watches")
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="watches")
    promoted_run = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="the answers that it was promoted by"
    )
    second_run = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="the same asked again: how much it varies"
    )
    every_hours = models.PositiveSmallIntegerField()
    false_alarms_a_year = models.FloatField(
        help_text="how many there are in a year, at most, of a model that doesn't change"
    )
    budget = DeclaredField[SpendingBudget | None](
        SpendingBudget, null=True, help_text="of each asking; null: as much as it takes"
    )
    due = models.DateTimeField(help_text="when it is next asked, or looked whether it has answered")
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    ended = models.DateTimeField(null=True, help_text="when it ended; empty while it goes on")
    why = models.CharField(max_length=200, blank=True, help_text="why it ended")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = WatchQuerySet.as_manager()

    class Meta:
        ordering = ["project", "id"]
        verbose_name_plural = "watches"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "test_set_version"],
                condition=models.Q(ended=None),
                name="watch_once",
                violation_error_message="This version is watched on this test set already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.test_set_version}"


class AskingQuerySet(models.QuerySet["Asking"]):
    def open(self) -> Self:
        return self.filter(concluded=None)


class Asking(models.Model):
    """One check of a watch's version; its outcome is written once."""

    watch = models.ForeignKey(Watch, models.CASCADE, related_name="askings")
    run = models.OneToOneField(Run, models.PROTECT, related_name="asking")
    created = models.DateTimeField(db_default=Now(), editable=False)
    concluded = models.DateTimeField(null=True)
    alarm = models.BooleanField(
        null=True, help_text="whether the answers are another model's; empty where none were had"
    )
    report = models.JSONField(null=True, help_text="what was compared, as it is told")

    objects = AskingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["watch"],
                condition=models.Q(concluded=None),
                name="asking_one_at_a_time",
                violation_error_message="It is being asked already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.watch}, asking {self.pk}"

"""Weeks of pairs that monitors of quality had compared."""

from django.db import models

from evalhub.features.monitoring.models.monitors import Monitor
from evalhub.judges.models import JudgeRun
from evalhub.registry.models import ModelVersion, Run
from reviews.models import Campaign


class QualityWeek(models.Model):
    """A week's sample of the champion's answers, and a former version's to the same requests: a
    judge compares all of them, and people a random part.

    The texts are the sample's items and the runs' answers, and are redacted as all of these are.
    """

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="weeks")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    monday = models.DateField(help_text="the week's first day, in UTC")
    recorded = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="what production answered"
    )
    former = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="what the former version answered"
    )
    judge_run = models.ForeignKey(JudgeRun, models.PROTECT, null=True, related_name="+")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="+")
    ended = models.DateTimeField(null=True, help_text="empty: it is being asked or compared")
    counted = models.DateField(null=True, help_text="the day of its stream that it is part of")

    class Meta:
        ordering = ["monitor", "-monday"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "version", "monday"], name="quality_week_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version}, week of {self.monday}"

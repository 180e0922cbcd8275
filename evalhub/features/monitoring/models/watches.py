"""What monitors of answers asked again."""

from typing import Self

from django.db import models

from evalhub.features.monitoring.models.monitors import Monitor
from evalhub.registry.models import ModelVersion, Run, TestSetVersion


class Watch(models.Model):
    """What a monitor of answers asks: the promoted version, on a test set of the study by which it
    was promoted."""

    monitor = models.OneToOneField(Monitor, models.CASCADE, related_name="watch")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="watches")
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="watches")
    promoted_run = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="the answers that it was promoted by"
    )
    second_run = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="the same asked again: how much it varies"
    )

    class Meta:
        verbose_name_plural = "watches"

    def __str__(self) -> str:
        return f"{self.version} on {self.test_set_version}"


class AskingQuerySet(models.QuerySet["Asking"]):
    def open(self) -> Self:
        return self.filter(concluded=None)


class Asking(models.Model):
    """One check of a watch's version; its outcome is written once."""

    watch = models.ForeignKey(Watch, models.CASCADE, related_name="askings")
    run = models.OneToOneField(Run, models.PROTECT, related_name="asking")
    created = models.DateTimeField(editable=False)
    concluded = models.DateTimeField(null=True)
    alarm = models.BooleanField(
        null=True, help_text="whether the answers are another model's; empty where none were had"
    )
    report = models.JSONField(null=True, help_text="what was compared")

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

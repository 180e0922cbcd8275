"""What people state of a project's traffic: what is kept, and which version a served name is."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models import ModelVersion


class TrafficSettings(models.Model):
    """What a project keeps of its traffic, and for how long."""

    project = models.OneToOneField(
        Project, models.CASCADE, primary_key=True, related_name="traffic_settings"
    )
    salt = models.CharField(
        max_length=64, editable=False, help_text="the key of its users' hashes; it is in backups"
    )
    text_share = models.FloatField(default=0.0, help_text="of the requests whose texts are kept")
    text_days = models.PositiveSmallIntegerField(default=30, help_text="days that a text is kept")
    days = models.PositiveSmallIntegerField(default=90, help_text="days that a request is kept")
    languages = models.JSONField(
        default=list, blank=True, help_text="codes that may be detected; empty: any"
    )

    forms_read: ClassVar = ("text_share", "text_days", "days", "languages")

    def __str__(self) -> str:
        return f"{self.project}: texts of {self.text_share:.0%} for {self.text_days} days"


class ServedModel(models.Model):
    """Which version a served name stands for, from a time on. What isn't said here isn't known."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="served_models")
    name = models.CharField(max_length=200)
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="served_as")
    since = models.DateTimeField(help_text="of which request on")
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["project", "name", "since"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "since"],
                name="served_once",
                violation_error_message="That name has a version from this time on.",
            )
        ]

    def __str__(self) -> str:
        return self.name

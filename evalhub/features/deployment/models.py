"""Probes: checks whether a server gives the answers that a version gave."""

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet
from evalhub.features.deployment.served_model_check import ProbeVerdict
from evalhub.registry.models import ModelVersion, Run


class ProbeOutcome(models.TextChoices):
    SAME = ProbeVerdict.SAME.value, "answers as it was evaluated"
    DIFFERS = ProbeVerdict.DIFFERS.value, "answers otherwise"
    UNKNOWN = ProbeVerdict.UNKNOWN.value, "can't be told"


class ProbeQuerySet(OfProjectQuerySet["Probe"]):
    project_field = "version__model__project"


class Probe(models.Model):
    """One check of a server against a version's stored answers, with its outcome. Never changed."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="probes")
    run = models.ForeignKey(
        Run, models.PROTECT, related_name="+", help_text="the answers that it was compared with"
    )
    address = models.CharField(max_length=500, help_text="where it was asked, or an alias of that")
    model = models.CharField(max_length=300, help_text="under which name")
    outcome = models.CharField(max_length=20, choices=ProbeOutcome.choices)
    why = models.TextField(help_text="what that rests on, in words")
    report = models.JSONField(help_text="what was compared: counts, and keys of items")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProbeQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.version} at {self.address}: {self.get_outcome_display()}"

"""MLflow aliases: which version has each, here and at the server."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import OfProjectQuerySet, Project
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion


class AliasState(models.TextChoices):
    WAITING = "waiting", "is to be told"
    TOLD = "told", "is told"


class MlflowAliasQuerySet(OfProjectQuerySet["MlflowAlias"]):
    def due(self) -> Self:
        """Aliases to send now, the longest due first."""
        waiting = self.filter(state=AliasState.WAITING, due_at__lte=timezone.now())
        return waiting.select_related("project", "version__model__project", "decision").order_by(
            "due_at", "id"
        )


class MlflowAlias(models.Model):
    """One alias of a project: its version here, and the version that the MLflow server was told."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="mlflow_aliases")
    alias = models.CharField(max_length=20)
    version = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        null=True,
        related_name="mlflow_aliases",
        help_text="whose it is; empty: nobody's",
    )
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, related_name="+", help_text="what that rests on"
    )
    tags = models.JSONField(default=dict, help_text="what the server's version says of it")
    state = models.CharField(max_length=20, choices=AliasState.choices, default=AliasState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="of the next attempt; while one is made, of another")
    error = models.CharField(max_length=300, blank=True, help_text="of the last attempt")
    told_name = models.CharField(
        max_length=300, blank=True, help_text="the server's model that was given it last"
    )
    told_version = models.CharField(max_length=20, blank=True, help_text="and that one's version")
    told = models.DateTimeField(null=True, help_text="when the server was told last")

    objects = MlflowAliasQuerySet.as_manager()

    class Meta:
        ordering = ["project", "alias"]
        verbose_name_plural = "MLflow aliases"
        constraints = [
            models.UniqueConstraint(fields=["project", "alias"], name="mlflow_alias_once")
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="mlflow_alias_due")
        ]

    def __str__(self) -> str:
        return f"{self.alias} of {self.project}"

    @property
    def sentence(self) -> str:
        """The alias's state at the server, as a sentence."""
        where = f"{self.told_name} version {self.told_version}" if self.told_name else "nobody's"
        if self.state == AliasState.TOLD:
            return f"as MLflow was told: {where}"
        why = f" ({self.error})" if self.error else ""
        return f"which MLflow is to be told{why}; there it is {where} so far"

"""Answers that come in parts: what has been taken of them so far."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.runs import Run
from evalhub.registry.models.scores import Metric


class IngestionQuerySet(OfProjectQuerySet["Ingestion"]):
    def going_on(self) -> Self:
        """Ingestions that accept further parts."""
        return self.filter(finished=None)

    def for_parts(self) -> Self:
        """With what taking a part needs, and no more: it is read for each part anew."""
        needed = ("project", "rows", "samples", "digest", "finished")
        of_run = ("run__test_set_version", "run__draft_until")
        return self.select_related("run").only(*needed, *of_run)


class Ingestion(models.Model):
    """A run of recorded answers that is handed in part by part; until it is finished, a draft."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="ingestions")
    run = models.ForeignKey(Run, models.CASCADE, related_name="ingestions")
    metrics = models.ManyToManyField(Metric, related_name="+")
    rows = models.PositiveIntegerField(default=0, help_text="taken so far; the next one's offset")
    samples = models.PositiveSmallIntegerField(default=1, help_text="answers to an item so far")
    digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="SHA-256 over the digest of the rows before and each row, one after the other",
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    finished = models.DateTimeField(null=True, editable=False)

    objects = IngestionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.rows} rows of {self.run_id}"

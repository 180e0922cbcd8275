"""Score cases (a score is wrong) and score audits (how often a metric errs).

Neither changes a score. Rows are only added; the database itself refuses anything else.
"""

from typing import Self

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.runs import Output
from evalhub.registry.models.scores import Metric


class ScoreAuditQuerySet(OfProjectQuerySet["ScoreAudit"]):
    def with_checked(self) -> Self:
        """Adds `checked`, the number of answers that somebody has checked."""
        return self.annotate(checked=Count("cases"))


class ScoreAudit(models.Model):
    """A random sample of scored answers, to be checked one by one. Never changed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="score_audits")
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="audits")
    seed = models.PositiveBigIntegerField()
    population = models.PositiveIntegerField(help_text="readable scores that it was drawn from")
    drawn = models.JSONField(help_text="primary keys of the answers, in the order of checking")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ScoreAuditQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"audit {self.pk} of {self.metric}"


class ScoreCaseQuerySet(OfProjectQuerySet["ScoreCase"]):
    def from_reports(self) -> Self:
        """Cases that somebody reported; the others were requested by an audit."""
        return self.filter(audit=None)

    def per_metric(self) -> dict[int, int]:
        """Number of reported answers by metric (primary key)."""
        counts = self.from_reports().order_by().values("metric")
        rows = counts.annotate(n=Count("output", distinct=True)).values_list("metric", "n")
        return dict(rows)


class ScoreCase(models.Model):
    """One person's opinion of one score: the right value, and why. Never changed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="score_cases")
    output = models.ForeignKey(Output, models.PROTECT, related_name="score_cases")
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="cases")
    audit = models.ForeignKey(
        ScoreAudit,
        models.PROTECT,
        null=True,
        related_name="cases",
        help_text="the audit that drew the answer; null where somebody came upon it",
    )
    value = models.FloatField(help_text="the score")
    said = models.FloatField(help_text="what it should be")
    why = models.TextField(blank=True, max_length=1000)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ScoreCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["audit", "output"],
                condition=Q(audit__isnull=False),
                name="score_audited_once",
                violation_error_message="This answer of the audit is checked already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.value} should be {self.said}, says {self.by}"

    @property
    def wrong(self) -> bool:
        return self.said != self.value

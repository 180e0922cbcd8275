"""Metrics, a run's aggregate of each, and the score of each answer."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from evalhub.registry.models.runs import Output, Run


class Metric(models.Model):
    """A metric with its options, as used: the same options are the same row."""

    name = models.CharField(max_length=60)
    options = models.JSONField(default=dict, help_text="extract and the metric's own options")
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def options_set(self) -> list[tuple[str, Any]]:
        """(name, value) of the options that are neither empty nor off, for pages: of a team's own
        metric the first digits of its code's digest, without its scale."""
        return [
            (name, value[:8] if name == "code_sha256" else value)
            for name, value in self.options.items()
            if value and not (name == "scale" and "code_sha256" in self.options)
        ]


class RunMetricQuerySet(models.QuerySet["RunMetric"]):
    def readable(self) -> Self:
        """Those whose scores may be read, which are those that a decision has read."""
        return self.filter(opened__isnull=False)


class RunMetric(models.Model):
    """A metric that a run is scored by (the plan), and its aggregate once the run is done.

    Until it is `opened`, no door shows a score, a mean or a difference of it: only counts, errors
    and answers.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="metrics")
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="runs")
    scored = models.PositiveIntegerField(null=True)
    unscored = models.PositiveIntegerField(null=True)
    extraction_misses = models.PositiveIntegerField(null=True)
    mean = models.FloatField(null=True)
    scores_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="SHA-256 of the values; empty until the run ends",
    )
    opened = models.DateTimeField(
        null=True,
        editable=False,
        help_text="when a decision read these scores, which made them readable",
    )

    objects = RunMetricQuerySet.as_manager()

    class Meta:
        ordering = ["run", "metric"]
        constraints = [models.UniqueConstraint(fields=["run", "metric"], name="run_metric_once")]

    def __str__(self) -> str:
        return f"{self.metric} of {self.run}"

    @property
    def readable_mean(self) -> float | None:
        """The mean, for who reads; None as long as it isn't open."""
        return None if self.opened is None else self.mean


class ScoreQuerySet(models.QuerySet["Score"]):
    def readable(self) -> Self:
        """Scores of a run's metric that is `opened`, and those that are none: why stays open."""
        of_run = RunMetric.objects.filter(run=OuterRef("output__run"), metric=OuterRef("metric"))
        return self.filter(Q(value=None) | Exists(of_run.readable()))

    def readable_by(self, run: Run) -> Self:
        """As `readable`, of outputs that are all of one run, by asking of its few metrics
        beforehand."""
        opened = RunMetric.objects.filter(run=run).readable().values_list("metric", flat=True)
        return self.filter(Q(value=None) | Q(metric__in=list(opened)))

    def readable_of(self, run: Run) -> Self:
        """As `readable`, of one run, in the order of its items and samples, which are `item_id` and
        `sample` here.

        A page of it reads its own rows alone, from whichever answer it begins: it walks the index
        `output_once`. In the order of
        the scores' own ids it would walk those of all runs before.
        """
        scores = self.readable_by(run).filter(output__run=run)
        scores = scores.annotate(item_id=F("output__item_id"), sample=F("output__sample"))
        return scores.order_by("item_id", "sample", "metric_id")


class Score(models.Model):
    """One metric's value of one output; NULL with a reason where there is none."""

    # found by `score_once`, which begins with it
    output = models.ForeignKey(Output, models.CASCADE, related_name="scores", db_index=False)
    # an index of its own would mislead: a run's scores are found by its outputs
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="scores", db_index=False)
    value = models.FloatField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    extracted = models.BooleanField(
        null=True, help_text="whether the extraction pattern matched; NULL without a pattern"
    )
    parts = models.JSONField(
        null=True, help_text="what it adds to a score of all answers together; NULL for any other"
    )

    objects = ScoreQuerySet.as_manager()

    class Meta:
        ordering = ["output_id", "metric_id"]
        indexes = [models.Index(fields=["output"], condition=Q(value=None), name="score_is_none")]
        constraints = [
            models.UniqueConstraint(fields=["output", "metric"], name="score_once"),
            models.CheckConstraint(
                condition=Q(value__isnull=False) | ~Q(reason=""),
                name="score_or_reason",
                violation_error_message="A score is a number, or says why there is none.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric_id} of output {self.output_id}: {self.value}"

"""Evidence as it was measured, and the decisions that rest on it."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.registry.models import Item, Metric, Run, Study


class Comparison(models.Model):
    """Two runs of one test set version by one metric, item by item.

    Rebuilt when either run has finished anew since `computed`; decisions keep their own
    numbers and don't change with it.
    """

    baseline_run = models.ForeignKey(Run, models.CASCADE, related_name="comparisons_as_baseline")
    candidate_run = models.ForeignKey(Run, models.CASCADE, related_name="comparisons_as_candidate")
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="comparisons")
    counts = models.JSONField(default=dict, help_text="number of items by outcome")
    computed = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["baseline_run", "candidate_run", "metric"], name="comparison_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.baseline_run} → {self.candidate_run} by {self.metric}"


class Outcome(models.TextChoices):
    LOST = "lost", "lost"
    WON = "won", "won"
    BOTH_RIGHT = "both-right", "both right"
    BOTH_WRONG = "both-wrong", "both wrong"
    SAME = "same", "same"
    UNPAIRED = "unpaired", "not compared"


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def worst_first(self) -> Self:
        return self.order_by("difference", "id")

    def best_first(self) -> Self:
        return self.order_by("-difference", "id")


class Difference(models.Model):
    """One item's two scores: positive where the candidate is better."""

    comparison = models.ForeignKey(Comparison, models.CASCADE, related_name="differences")
    item = models.ForeignKey(Item, models.PROTECT, related_name="differences")
    baseline = models.FloatField(null=True)
    candidate = models.FloatField(null=True)
    difference = models.FloatField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        ordering = ["comparison", "difference", "id"]
        indexes = [
            models.Index(
                fields=["comparison", "outcome", "difference", "id"], name="difference_worst"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.difference}"


class Verdict(models.TextChoices):
    SHIP = "ship", "Ship"
    HOLD = "hold", "Hold"
    MORE = "need-more-data", "Need more data"
    INVALID = "invalid", "Invalid evidence"


class DecisionQuerySet(models.QuerySet["Decision"]):
    def newest_first(self) -> Self:
        return self.order_by("-created", "-id")


class Decision(models.Model):
    """A verdict on one candidate arm with all its evidence. It is never changed."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="decisions")
    arm = models.CharField(max_length=120, help_text="name of the candidate arm")
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    record = models.JSONField(help_text="the whole decision, as the command line prints it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical record")
    code_version = models.CharField(max_length=40)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["study", "arm", "-created"], name="decision_newest")]

    def __str__(self) -> str:
        return f"{self.arm}: {self.verdict}"

"""What pages read of a project's traffic: requests and signals added up, and rows not taken."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db import models

from evalhub.accounts.models import OfProjectQuerySet, Project


def day_kind(kind: str) -> str:
    """The slice kind of whole days: `day` of all requests, `day-route` of those by route."""
    return "day" if kind == "all" else f"day-{kind}"


class RollUpQuerySet(OfProjectQuerySet["RollUp"]):
    def of_served_name(self, project: Project, name: str) -> Self:
        """Hours in which requests were served under this name."""
        return self.overall(project).filter(model_name=name)

    def overall(self, project: Project) -> Self:
        """Hours of all requests: those of one slice kind count the same ones again."""
        return self.filter(project=project, slice_kind="all")

    def whole_days(self, project: Project, kind: str = "all") -> Self:
        """Days of all requests, or of all slices of one kind, by their midnight."""
        return self.filter(project=project, slice_kind=day_kind(kind))

    def served_names(self) -> list[str]:
        """The names under which their requests were served, in order. A query."""
        return sorted(self.order_by().values_list("model_name", flat=True).distinct())

    def sliced(self, project: Project, kind: str, value: str) -> Self:
        """Hours of the requests of one slice."""
        return self.filter(project=project, slice_kind=kind, slice_value=value)

    def of_kind(self, project: Project, kind: str) -> Self:
        """Hours of all slices of one kind."""
        return self.filter(project=project, slice_kind=kind)

    def between(self, first: datetime, end: datetime) -> Self:
        """Hours from `first` on, that at `end` no more."""
        return self.filter(hour__gte=first, hour__lt=end)

    def of_days(self, midnights: Iterable[datetime]) -> Self:
        """Hours of these days."""
        spans = models.Q(hour__in=[])
        for midnight in midnights:
            spans |= models.Q(hour__gte=midnight, hour__lt=midnight + timedelta(days=1))
        return self.filter(spans)


class RollUp(models.Model):
    """Requests of one hour, served name, arm and slice, added up."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField(help_text="its beginning")
    model_name = models.CharField(max_length=200)
    arm = models.CharField(max_length=100, blank=True)
    slice_kind = models.CharField(
        max_length=12, help_text="all, language, route, tag or length; of whole days `day_kind`"
    )
    slice_value = models.CharField(max_length=100, blank=True)
    requests = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)
    aborted = models.PositiveBigIntegerField(default=0)
    texts = models.PositiveBigIntegerField(default=0)
    masked = models.PositiveBigIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    with_tokens = models.PositiveBigIntegerField(default=0)
    cost_usd = models.FloatField(default=0)
    with_cost = models.PositiveBigIntegerField(default=0)
    latency = models.BinaryField(default=b"", help_text="a histogram of milliseconds")
    first_token = models.BinaryField(default=b"", help_text="a histogram of milliseconds")

    objects = RollUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "slice_kind", "hour", "model_name", "arm", "slice_value"],
                name="roll_up_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_name} {self.hour:%Y-%m-%d %H}"


class SignalRollUpQuerySet(OfProjectQuerySet["SignalRollUp"]):
    def within(self, project: Project, first: datetime, end: datetime) -> Self:
        """Hours of the project from `first` on, that at `end` no more."""
        return self.filter(project=project, hour__gte=first, hour__lt=end)


class SignalRollUp(models.Model):
    """Signals about one hour's requests of one served name and arm, added up."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField(help_text="of the requests, its beginning")
    model_name = models.CharField(max_length=200)
    arm = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=100)
    label = models.CharField(max_length=100, blank=True)
    by = models.CharField(max_length=10)
    signals = models.PositiveBigIntegerField(default=0)
    with_value = models.PositiveBigIntegerField(default=0)
    total = models.FloatField(default=0)

    objects = SignalRollUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "hour", "model_name", "arm", "name", "label", "by"],
                name="signal_roll_up_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.hour:%Y-%m-%d %H}"


class RefusedRows(models.Model):
    """How many rows of a day weren't taken, by reason. The day is that on which they came."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="refused_rows")
    day = models.DateField()
    source = models.CharField(max_length=10)
    reason = models.CharField(max_length=40, help_text="of `taking_in.FlawReason`")
    rows = models.PositiveBigIntegerField(default=0)
    example = models.CharField(max_length=300, blank=True, help_text="what was wrong with the last")

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "reason"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "day", "source", "reason"], name="refused_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.rows}"

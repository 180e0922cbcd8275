"""What monitors measured, day by day, and their looks at it."""

from django.db import models

from evalhub.features.monitoring.models.monitors import Monitor
from evalhub.registry.models import ModelVersion


class Stream(models.Model):
    """One number that a monitor measures day by day: a metric of a version, in a slice or in all.

    Its reference are its first days. When somebody says that a change was meant to be, the stream
    ends and another begins, with a reference of its own.
    """

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="streams")
    version = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="+", help_text="the champion of that time"
    )
    metric = models.CharField(max_length=200)
    slice_kind = models.CharField(max_length=12, blank=True, help_text="empty: all requests")
    slice_value = models.CharField(max_length=100, blank=True)
    since = models.DateField(help_text="the first day of its reference, in UTC")
    ended = models.DateField(null=True, help_text="empty: it is measured")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "version", "metric", "slice_kind", "slice_value", "since"],
                name="stream_once",
            )
        ]

    def __str__(self) -> str:
        part = f", {self.slice_kind} {self.slice_value}" if self.slice_kind else ""
        return f"{self.metric}{part}"


class StreamDay(models.Model):
    """A day of a stream: sums over its users, of which one user's y over x is the metric.

    It is replaced as a whole while its day can still change, and has nothing of any one user.
    """

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="days")
    day = models.DateField(help_text="in UTC")
    users = models.PositiveIntegerField(
        help_text="with x above 0; requests without a user: each is one"
    )
    y = models.FloatField()
    x = models.FloatField()
    yy = models.FloatField(help_text="sum over users of the square of y")
    xy = models.FloatField()
    xx = models.FloatField()
    counted = models.DateTimeField(help_text="when it was counted")

    class Meta:
        ordering = ["stream", "day"]
        constraints = [models.UniqueConstraint(fields=["stream", "day"], name="stream_day_once")]

    def __str__(self) -> str:
        return f"{self.stream} on {self.day}"


class MonitorDay(models.Model):
    """A day that a monitor of operations has counted into its streams, and of what."""

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="days")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    day = models.DateField(help_text="in UTC")
    requests = models.PositiveBigIntegerField(help_text="of the project, when it was counted")
    signals = models.PositiveBigIntegerField(help_text="likewise")
    streams = models.PositiveIntegerField(help_text="of which the day was counted")
    counted = models.DateTimeField()
    closed = models.BooleanField(help_text="whether all its requests had their time for feedback")

    class Meta:
        ordering = ["monitor", "day"]
        constraints = [
            models.UniqueConstraint(fields=["monitor", "version", "day"], name="monitor_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.monitor} on {self.day}"


class Check(models.Model):
    """One look of a monitor at what is there: what was compared, and whether it was an alarm.

    `key` names what it looked at, so that the same is never looked at twice.
    """

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="checks")
    key = models.CharField(max_length=100, help_text="as 2026-12-01")
    at = models.DateTimeField()
    is_alarm = models.BooleanField()
    report = models.JSONField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["monitor", "key"], name="check_once")]

    def __str__(self) -> str:
        return f"{self.monitor}, {self.key}"


class InputsReference(models.Model):
    """What a monitor of inputs compares weeks with: requests of its first weeks by one kind of
    slice, added up over users. It stays when the requests themselves are no more."""

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="input_references")
    kind = models.CharField(max_length=12, help_text="of slices")
    since = models.DateField(help_text="from which on its weeks were looked for")
    first = models.DateField(help_text="the Monday of its first week")
    sums = models.JSONField(help_text="as `inputs.sums.SliceSums` has them")

    class Meta:
        ordering = ["monitor", "kind", "since"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "kind", "since"], name="inputs_reference_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.monitor} from {self.first} on"

"""What is absent, so that a monitor can say nothing."""

from django.db import models
from django.db.models import Q

from evalhub.features.monitoring.models.monitors import Monitor


class NoticeKind(models.TextChoices):
    """What is absent, so that a monitor can say nothing. Never an alarm, and never well."""

    NO_TRAFFIC = "no-traffic", "no requests come in"
    TOO_FEW = "too-few", "too few requests to say anything"
    NO_TEXTS = "no-texts", "the texts of requests are not kept"
    NO_JUDGE = "no-judge", "the judge gives no answers"
    NO_LABELS = "no-labels", "too few answers were judged by people"
    NO_CHAMPION = "no-champion", "no version is the champion, or nobody has said how it is served"
    NO_ANSWERS = "no-answers", "the model gives no answers"
    NO_SCORES = "no-scores", "a metric gives no scores"
    BUDGET = "budget", "the budget is used up"


class Notice(models.Model):
    """What a monitor lacks, for as long as it does."""

    monitor = models.ForeignKey(Monitor, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind.choices)
    sentence = models.TextField()
    began = models.DateTimeField()
    ended = models.DateTimeField(null=True, help_text="empty: it lacks it now")

    class Meta:
        ordering = ["-began", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "kind"], condition=Q(ended=None), name="notice_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.monitor}"

"""Sign-offs of reports of training files."""

from django.db import models
from django.db.models.fields.json import KT

from evalhub.accounts.models import User
from evalhub.registry.models import StoredDataReport


class DataVerdictChoice(models.TextChoices):
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"


class DataSignOff(models.Model):
    """A person says that a file may be trained on, or may not, and why. It is never changed."""

    report = models.ForeignKey(StoredDataReport, models.PROTECT, related_name="sign_offs")
    by = models.ForeignKey(User, models.PROTECT, related_name="data_sign_offs")
    reason = models.TextField()
    record = models.JSONField(help_text="all of this as one document, with the report's SHA-256")
    verdict = models.GeneratedField(
        expression=KT("record__verdict"),
        output_field=models.CharField(max_length=20),
        choices=DataVerdictChoice.choices,
        db_persist=True,
        help_text="what holds from now on, as the record says it: it can't be written",
    )
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the canonical record"
    )
    created = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "data sign-off"
        ordering = ["-created", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="data_sign_off_has_a_reason",
                violation_error_message="A sign-off says why.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.get_verdict_display()} {self.report}"

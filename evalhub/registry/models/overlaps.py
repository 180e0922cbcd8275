"""What a model version was trained on that a test set asks about."""

from django.db import models
from django.db.models.functions import Now

from evalhub.registry.models.testsets import TestSetVersion
from evalhub.registry.models.versions import ModelVersion


class TrainingOverlap(models.Model):
    """One check of a version's training data against a test set version. Never changed."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="overlaps")
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="overlaps")
    source = models.CharField(max_length=64, help_text="SHA-256 of the training data or its hashes")
    rows = models.PositiveIntegerField(help_text="training rows that were read")
    settings = models.JSONField(default=dict, help_text="n-gram length, thresholds, what was read")
    leaked = models.JSONField(default=dict, help_text="item key → how it was found, and where")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "test_set_version", "source"],
                name="training_overlap_once",
                violation_error_message="This training data has been checked already.",
            )
        ]

    def __str__(self) -> str:
        return f"{len(self.leaked)} items of {self.test_set_version} in {self.version}'s training"

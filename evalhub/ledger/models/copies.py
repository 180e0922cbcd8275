"""Which items of a test set version are near-copies of another's, or of its own."""

from django.db import models
from django.db.models.functions import Now

from evalhub.registry.models import TestSetVersion


class NearCopies(models.Model):
    """What was found when somebody looked for near-copies; versions stay as they are, so once.

    Where both are one version it is about the items that are near-copies of one before them.
    """

    version = models.ForeignKey(TestSetVersion, models.CASCADE, related_name="near_copies")
    earlier = models.ForeignKey(
        TestSetVersion, models.CASCADE, related_name="+", help_text="whose items they are copies of"
    )
    positions = models.JSONField(default=list, help_text="of those items of `version`")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "near-copy pair"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "earlier"], name="near_copies_once")
        ]

    def __str__(self) -> str:
        return f"{len(self.positions)} of {self.version} in {self.earlier}"

"""What was read of this home's items from files alone, before any decision read it."""

from django.db import models
from django.db.models.functions import Now

from evalhub.registry.models import TestSetVersion


class Peek(models.Model):
    """A claim that `compare` or `decide` read from files, on items that this home knows.

    It has the number that a decision would have taken, and counts like a look until a decision
    reads the same claim: that has this number then. Rows are added, never changed.
    """

    claim = models.CharField(
        max_length=64, help_text="SHA-256 of items, weights, scores and metric: what is claimed"
    )
    beside = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="empty: its own row; another claim: the one beside which `number` judged it as a "
        "guard; itself: it was read again without the claim whose number it had",
    )
    number = models.PositiveIntegerField(
        help_text="k: 1 and what was read before it, in this home, of items that it shares"
    )
    shares = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="the claim whose number it has; empty: it has its own",
    )
    charged = models.BooleanField(
        default=False, help_text="of a row beside a claim: whether it took this number"
    )
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="peeks")
    others = models.JSONField(
        default=list, help_text="ids of versions that hold the items which that one doesn't"
    )
    asked = models.CharField(
        max_length=64, help_text="SHA-256 of metric, weights and items held back"
    )
    files = models.CharField(max_length=255, help_text="names of the files that were read")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "beside"],
                name="peek_once",
                violation_error_message="This claim has been read from files already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.files} on {self.test_set_version}: look {self.number}"

    @property
    def versions(self) -> frozenset[int]:
        """Ids of versions that together hold all its items that this home knew."""
        return frozenset([self.test_set_version_id, *self.others])

"""The chain of all that the ledger was charged and of what was decided."""

from django.db import models


class LinkKind(models.TextChoices):
    LOOK = "look", "look"
    GUARD = "guard", "look of a guard"
    ARMS = "arms", "shared look"
    DECISION = "decision", "decision"
    SIGN_OFF = "sign-off", "sign-off"


class LedgerLink(models.Model):
    """A row of the ledger, a decision or a sign-off at its place in the chain.

    Rows are added, never changed. The ledger's own row, which is locked while one is added, has
    their number and the last head.
    """

    place = models.PositiveBigIntegerField(primary_key=True, help_text="1, 2, 3, … without a gap")
    kind = models.CharField(max_length=10, choices=LinkKind.choices)
    row = models.PositiveBigIntegerField(help_text="the row's id")
    head = models.CharField(
        max_length=64, help_text="SHA-256 of the head before and of what the row holds"
    )

    class Meta:
        verbose_name = "link of a ledger"
        verbose_name_plural = "links of ledgers"
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["kind", "row"], name="chained_once")]

    def __str__(self) -> str:
        return f"{self.place}: {self.get_kind_display()} {self.row}"

"""The chain of all that the ledger was charged and of what was decided."""

from django.db import models
from django.db.models.functions import Now


class LinkKind(models.TextChoices):
    LOOK = "look", "look"
    READING = "reading", "look"
    GUARD = "guard", "look of a guard"
    ARMS = "arms", "shared look"
    DECISION = "decision", "decision"
    SIGN_OFF = "sign-off", "sign-off"
    DATA_SIGN_OFF = "data-sign", "data sign-off"
    RESTORE = "restore", "restore of a backup"
    PEEK = "peek", "peek"
    RETIREMENT = "retirement", "retirement of a test set"


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


class LedgerRestore(models.Model):
    """A backup was restored into this home: from here on its ledger has an id of its own.

    Whatever the home of the backup has looked at since isn't known here. Rows are added, never
    changed.
    """

    parent = models.CharField(
        max_length=32,
        blank=True,
        help_text="id of the ledger that the backup held; empty: it held none",
    )
    name = models.CharField(max_length=32, unique=True, help_text="the id from then on")
    began_as = models.CharField(max_length=32, help_text="the id that the chain's start is made of")
    entries = models.PositiveBigIntegerField(help_text="how many entries the ledger had")
    newest_version = models.PositiveBigIntegerField(
        help_text="id of the newest test set version that the backup held; 0: it held none"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "restore of a ledger"
        verbose_name_plural = "restores of ledgers"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name}, restored from {self.parent or 'a home without a ledger'}"

"""How many mails were sent and how many weren't, day by day."""

from django.db import models


class MailDay(models.Model):
    """Counts of one day, by UTC. Nothing is kept of whom a mail was for, nor of what it said."""

    day = models.DateField(unique=True, editable=False)
    sent = models.PositiveIntegerField(default=0, editable=False)
    failed = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.sent} sent, {self.failed} not"

"""Requests that were answered, so that the same request again is the same answer and no new act."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import ApiToken


class AnsweredQuerySet(models.QuerySet["Answered"]):
    def with_key(self, token: ApiToken, key: str) -> Self:
        return self.filter(token=token, key=key)


class Answered(models.Model):
    """A POST with its Idempotency-Key; `status` is null while it is being worked on."""

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="answered")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    status = models.PositiveSmallIntegerField(null=True)
    location = models.CharField(max_length=500, blank=True)
    body = models.JSONField(null=True)
    held_until = models.DateTimeField(help_text="whoever works on it is heard of by then")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = AnsweredQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name = "answered request"
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="answered_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.token}"

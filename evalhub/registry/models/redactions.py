"""What was taken out of test sets and answers, so that digests of before still lead to what is
there now."""

from collections.abc import Iterable
from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.runs import Run
from evalhub.registry.models.testsets import TestSetVersion


class RedactionQuerySet(OfProjectQuerySet["Redaction"]):
    def of_version(self, version: TestSetVersion) -> Self:
        return self.filter(version=version, run=None)

    def of_run(self, run: Run) -> Self:
        return self.filter(run=run)

    def lead(self, before: str, after: str) -> bool:
        """Whether what had the one digest has the other one now, by these redactions."""
        steps: Iterable[tuple[str, str]] = self.order_by("pk").values_list("before", "after")
        for start, end in steps:
            before = end if start == before else before
        return before == after


class Redaction(models.Model):
    """An item's text taken out of a version, or its answers out of a run. Rows are only added."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="redactions")
    version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="redactions")
    run = models.ForeignKey(
        Run,
        models.PROTECT,
        null=True,
        related_name="redactions",
        help_text="empty where the item itself was redacted",
    )
    item = models.CharField(max_length=200, help_text="the item's id")
    before = models.CharField(max_length=64, help_text="SHA-256 of items or answers before")
    after = models.CharField(max_length=64, help_text="the same after")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = RedactionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.item} of {self.run or self.version}"

"""Reports of training files, as they are kept."""

from functools import cached_property
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.declare.data_report import DataReport, Weight
from evalhub.declare.declaration import validate

SHORTEST_DIGEST = 8
"""Digits of a SHA-256 by which a report is named; what is shorter is a number."""


class StoredDataReportQuerySet(OfProjectQuerySet["StoredDataReport"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")

    def matching(self, which: str) -> Self:
        """The one of this number, or those whose SHA-256, or whose file's, begins so."""
        if len(which) < SHORTEST_DIGEST:
            number = int(which) if which.isascii() and which.isdecimal() else 0
            return self.filter(pk=number)
        return self.filter(Q(digest__startswith=which) | Q(sha256__startswith=which))

    def without_report(self) -> Self:
        """Lists need the columns alone: a report may have thousands of line numbers."""
        return self.defer("report")


class StoredDataReport(models.Model):
    """What is good and bad about one training file, known by its content. Never changed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="data_reports")
    report = models.JSONField(help_text="the whole report, as `evalhub data check` prints it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical report")
    sha256 = models.CharField(max_length=64, help_text="SHA-256 of the file's bytes")
    file = models.CharField(max_length=255, help_text="the file's name")
    rows = models.PositiveIntegerField(help_text="rows of the file")
    serious = models.PositiveIntegerField(help_text="serious findings")
    important = models.PositiveIntegerField(help_text="important findings")
    minor = models.PositiveIntegerField(help_text="minor findings")
    by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        related_name="data_reports",
        help_text="who kept it; empty: the operator",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = StoredDataReportQuerySet.as_manager()

    class Meta:
        verbose_name = "data report"
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "sha256"], name="data_report_of_file")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "digest"],
                name="data_report_once",
                violation_error_message="The project has this report.",
            )
        ]

    def __str__(self) -> str:
        return f"data report {self.pk}, {self.file}"

    @cached_property
    def document(self) -> DataReport:
        """The report as its type."""
        return validate(DataReport, self.report)

    @property
    def counts(self) -> dict[Weight, int]:
        """Findings by weight, the weightiest first."""
        return {"serious": self.serious, "important": self.important, "minor": self.minor}

"""Files that went out to be trained on, with each of their rows: known by their bytes."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.testsets import ItemQuerySet


class TrainingFormat(models.TextChoices):
    CHAT = "chat", "chat messages"
    PROMPT_COMPLETION = "prompt-completion", "prompt and completion"
    DPO = "dpo", "preference pairs"


class TrainingFileVersionQuerySet(OfProjectQuerySet["TrainingFileVersion"]):
    def newest_first(self) -> Self:
        return self.select_related("project", "by").order_by("-created", "-pk")


class TrainingFileVersion(models.Model):
    """One version of a training file that went out from here. Rows are only added."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="training_files")
    name = models.SlugField(max_length=120)
    number = models.PositiveIntegerField()
    format = models.CharField(max_length=20, choices=TrainingFormat.choices)
    sha256 = models.CharField(max_length=64, help_text="of the file's bytes")
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of its rows, in whatever order and spelling of JSON"
    )
    rows = models.PositiveIntegerField()
    left_out = models.JSONField(default=dict, help_text="why rows were left out → how many")
    card = models.JSONField(default=dict, help_text="what its data card says")
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = TrainingFileVersionQuerySet.as_manager()

    class Meta:
        ordering = ["project", "name", "-number"]
        indexes = [models.Index(fields=["sha256"], name="training_file_sha256")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "number"], name="training_file_number"
            ),
            models.UniqueConstraint(
                fields=["project", "name", "sha256"],
                name="training_file_content",
                violation_error_message="The training file has a version with these bytes.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


class TrainingFileLineQuerySet(models.QuerySet["TrainingFileLine"]):
    def asking_the_same_as(self, items: ItemQuerySet, project: Project) -> Self:
        """Rows of the project's files whose question is that of one of these items."""
        return self.filter(file__project=project, fingerprint__in=items.values("fingerprint"))

    def count_by_file(self) -> list[tuple[int, str, int, int]]:
        """(file, its name, its number, how many of these rows it has), the newest file first."""
        files = self.order_by("-file").values_list("file", "file__name", "file__number")
        return list(files.annotate(rows=models.Count("pk")))


class TrainingFileLine(models.Model):
    """A line of a file that went out. Its text is kept until somebody's data are erased."""

    file = models.ForeignKey(
        TrainingFileVersion, models.PROTECT, related_name="lines", db_index=False
    )
    line = models.PositiveIntegerField(help_text="1, 2, 3, …")
    fingerprint = models.BigIntegerField(
        help_text="64 bits of the SHA-256 of what it asks, as test sets' items have it"
    )
    text = models.TextField(blank=True, help_text="the line as it went out; empty once erased")
    erased = models.DateTimeField(null=True, help_text="when its text was taken out")

    objects = TrainingFileLineQuerySet.as_manager()

    class Meta:
        ordering = ["file_id", "line"]
        indexes = [models.Index(fields=["fingerprint", "file"], name="training_file_row_question")]
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="training_file_row_line")
        ]

    def __str__(self) -> str:
        return f"line {self.line} of {self.file}"

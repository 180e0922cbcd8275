"""Documents that a version's retriever finds an item's context in."""

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import Project


class DocumentSet(models.Model):
    """A file of documents, known by what they hold. Never changed."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="document_sets")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the documents in their order")
    count = models.PositiveIntegerField()
    source = models.CharField(max_length=255, help_text="name of the file it came from")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "digest"],
                name="document_set_content",
                violation_error_message="The project has these documents.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}, {self.digest[:8]}"


class DocumentText(models.Model):
    """One text that may be found."""

    documents = models.ForeignKey(DocumentSet, models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200, help_text="the document's id in its file")
    text = models.TextField()

    class Meta:
        ordering = ["documents", "position"]
        constraints = [
            models.UniqueConstraint(fields=["documents", "position"], name="document_position"),
            models.UniqueConstraint(
                fields=["documents", "key"],
                name="document_key",
                violation_error_message="Two documents of one file have the same id.",
            ),
        ]

    def __str__(self) -> str:
        return self.key

"""Drafts: studies that somebody is still writing."""

from typing import Any, Self

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User


class StudyDraftQuerySet(OfProjectQuerySet["StudyDraft"]):
    def written_by(self, user: User) -> Self:
        """The user's own drafts in projects where they evaluate, the newest first."""
        return self.visible_to(user).filter(by=user).select_related("project")


class StudyDraft(models.Model):
    """A study file as far as somebody has written it: nothing is registered by it.

    Only its author sees it. `document` may be incomplete or wrong; `files` has the digests of the
    uploads by the names that the document uses.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="study_drafts")
    by = models.ForeignKey(User, models.CASCADE, related_name="study_drafts")
    name = models.CharField(max_length=200, help_text="the study's name, or the proposed one")
    document = models.JSONField()
    files = models.JSONField(default=dict)
    page = models.CharField(
        max_length=32, blank=True, help_text="the opened page that wrote it last"
    )
    revision = models.PositiveIntegerField(
        default=1, help_text="counts what was kept: a page says which revision it was read from"
    )
    changed = models.DateTimeField(db_default=Now(), editable=False)

    objects = StudyDraftQuerySet.as_manager()

    class Meta:
        ordering = ["-changed", "-pk"]
        indexes = [models.Index(fields=["by", "-changed"], name="study_draft_of")]

    def __str__(self) -> str:
        return self.name

    @property
    def content(self) -> dict[str, Any]:
        """The document and the files, as `StudyQuestion` takes them."""
        return {"document": self.document, "files": self.files}

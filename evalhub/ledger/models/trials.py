"""Judged items that somebody asked again with a prompt of their own."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, User
from evalhub.registry.models import Item


class PromptTrialQuerySet(OfProjectQuerySet["PromptTrial"]):
    project_field = "item__version__test_set__project"

    def newest_first(self) -> Self:
        return self.order_by("-id")


class PromptTrial(models.Model):
    """A person asked one item with a prompt of their own, outside any run.

    Kept for items that may be judged: a prompt that was tried on them has seen them, and the next
    decision on them says so. Neither prompt nor answer is kept. Rows are added, never changed.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="prompt_trials")
    prompt_digest = models.CharField(max_length=64, help_text="SHA-256 of the prompt")
    model = models.CharField(max_length=300, help_text="who was asked, as the page named it")
    by = models.ForeignKey(User, models.PROTECT, related_name="prompt_trials")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = PromptTrialQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.item} asked of {self.model}"

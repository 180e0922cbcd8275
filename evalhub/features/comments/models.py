"""Comments, and what each is about."""

from dataclasses import dataclass
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item
from reviews.models import Campaign, Reviewer, ReviewerState

LONGEST = 4_000
"""Characters of a comment."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a comment is about: an item, or a decision, or one of its criteria (counted from 1).

    An item is what it asks, so a comment on it stays with it in the next version of its test set.
    """

    project: Project
    item: Item | None = None
    decision: Decision | None = None
    criterion: int | None = None

    def __str__(self) -> str:
        if self.item is not None:
            return f"item {self.item.key}"
        on_criterion = f", criterion {self.criterion}" if self.criterion else ""
        return f"decision {self.decision.pk if self.decision else ''}{on_criterion}"


class CommentQuerySet(OfProjectQuerySet["Comment"]):
    def readable_by(self, user: User) -> Self:
        """Those of projects whose results they see, but for projects where they review now."""
        unsealed = Campaign.objects.unsealed().order_by().values("pk")
        seats = Reviewer.objects.filter(user=user, campaign__in=unsealed)
        seats = seats.exclude(state=ReviewerState.REMOVED)
        return self.visible_to(user).exclude(project__in=seats.values("campaign__project"))

    def about(self, subject: Subject) -> Self:
        """Those on the item in any version; on the decision, also those on its criteria."""
        if subject.item is not None:
            return self.filter(project=subject.project, item__digest=subject.item.digest)
        comments = self.filter(decision=subject.decision)
        return comments.filter(criterion=subject.criterion) if subject.criterion else comments

    def in_order(self) -> Self:
        return self.select_related("by", "item", "decision", "project").order_by("pk")


class Comment(models.Model):
    """What one person said about an item, a criterion or a decision. Its text isn't changed."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="comments")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="comments")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="comments")
    criterion = models.PositiveSmallIntegerField(null=True, help_text="of the decision, from 1")
    text = models.TextField(max_length=LONGEST)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(item__isnull=False, decision=None, criterion=None)
                | Q(item=None, decision__isnull=False),
                name="comment_on_one_thing",
                violation_error_message="A comment is about an item or a decision.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} on {self.subject}"

    @property
    def subject(self) -> Subject:
        return Subject(self.project, self.item, self.decision, self.criterion)

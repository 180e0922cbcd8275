"""Who accepted what held a ship, and why."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User


class AcceptanceQuerySet(OfProjectQuerySet["Acceptance"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")


class Acceptance(models.Model):
    """An owner, or the operator of a home, accepts what a caveat holds a ship for.

    What is accepted is known by its content, such as a policy with the items that it judges: the
    next decision on the same isn't held. Rows are added, never changed.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="acceptances")
    subject = models.CharField(
        max_length=64, help_text="SHA-256 of what is accepted, as the decision's caveat has it"
    )
    reason = models.TextField()
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="acceptances", help_text="empty: the operator"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "subject"], name="accepted_in_project")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="acceptance_has_a_reason",
                violation_error_message="An acceptance says why.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject[:12]}, accepted in {self.project}"

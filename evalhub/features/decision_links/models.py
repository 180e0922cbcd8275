"""Links to a decision: who made each, and until when it opens."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models import Membership, OfProjectQuerySet, Role, User
from evalhub.ledger.models import Decision


class DecisionLinkQuerySet(OfProjectQuerySet["DecisionLink"]):
    project_field = "decision__study__project"

    def current(self) -> Self:
        """Neither withdrawn nor over, and made by somebody who owns the project still."""
        owners = Membership.objects.filter(
            project=OuterRef("decision__study__project"), user=OuterRef("by"), role=Role.OWNER
        )
        rows = self.filter(withdrawn=None, expires__gt=timezone.now(), by__is_active=True)
        return rows.filter(Exists(owners))


class DecisionLink(models.Model):
    """Whoever has it reads one decision. Of its token only the SHA-256 is stored."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="links")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    texts = models.BooleanField(default=False, help_text="whether items and answers are shown")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    expires = models.DateTimeField()
    withdrawn = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = DecisionLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"link {self.pk} to decision {self.decision_id}"

"""Secrets that give access to whoever has them: sign-in links and API tokens."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models.people import Membership, Project, Role, User


class SignInLink(models.Model):
    """A link that signs one person in, once. Of its token only the SHA-256 is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"


class Scope(models.TextChoices):
    """What a token may be for. Each says what it opens; none says more than the person may."""

    READ = "read", "read everything that its person may see"
    INGEST = "ingest", "hand in test sets, versions, answers and scores, and draw answers to judge"
    RUN = "run", "start studies and runs, and stop them"
    DECIDE = "decide", "decide, change a policy, sign off, promote and move versions"
    REVIEW = "review", "open and close reviews, and invite people to them"
    ADMIN = "admin", "manage members, tokens, webhooks and what is kept of traffic"
    TRAFFIC = "traffic", "send production's requests and signals, and ask which user gets which arm"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> Self:
        """Those that still open something: neither revoked nor expired."""
        return self.filter(revoked=None, expires__gt=timezone.now(), user__is_active=True)

    def with_evaluates(self) -> "models.QuerySet[Any]":
        """With `evaluates`: whether its person may look at the project's results now."""
        role = Membership.objects.filter(project=OuterRef("project"), user=OuterRef("user"))
        member = Exists(role.filter(role__in=[Role.OWNER, Role.EVALUATOR]))
        return self.annotate(evaluates=Q(user__is_superuser=True) | member)

    def in_sight_of(self, user: User) -> Self:
        """An owner's projects' tokens, and everybody's own."""
        if user.is_superuser:
            return self
        return self.filter(Q(project__in=Project.objects.owned_by(user)) | Q(user=user))


class ApiToken(models.Model):
    """Lets a program act in one project for a person. Of the token only the SHA-256 is stored.

    It may never do more than its person may now, and of that no more than its scopes.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="tokens")
    user = models.ForeignKey(
        User, models.PROTECT, related_name="tokens", help_text="the person for whom it acts"
    )
    name = models.CharField(max_length=80, help_text="what it is for")
    scopes = models.JSONField(help_text="what it may do: a list of Scope")
    shown = models.CharField(max_length=20, editable=False, help_text="how it begins")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="who made it; empty: operator"
    )
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, editable=False, help_text="to the minute")
    revoked = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = ApiTokenQuerySet.as_manager()

    forms_read: ClassVar = ("revoked",)

    class Meta:
        verbose_name = "API token"
        ordering = ["project", "-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=Q(revoked=None),
                name="api_token_name",
                violation_error_message="The project has a token of this name: revoke it first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"

    @property
    def expired(self) -> bool:
        return self.expires <= timezone.now()

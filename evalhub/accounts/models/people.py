"""People, the projects they share, and what each may do there."""

from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac


class User(AbstractUser):
    """A person who signs in."""

    sign_outs = models.PositiveIntegerField(
        default=0, editable=False, help_text="how often they signed out everywhere else"
    )

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What each session carries: another password ends it, and so does `sign_outs`."""
        base_hash: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        if not self.sign_outs:
            return base_hash
        salt = "evalhub.accounts.sign_outs"
        return salted_hmac(salt, f"{base_hash} {self.sign_outs}", algorithm="sha256").hexdigest()


class Role(models.TextChoices):
    OWNER = "owner", "owner"
    EVALUATOR = "evaluator", "evaluator"
    REVIEWER = "reviewer", "reviewer"


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> Self:
        """Projects whose results this person may look at: reviewers stay blind."""
        if user.is_superuser:
            return self
        return self.filter(
            memberships__user=user, memberships__role__in=[Role.OWNER, Role.EVALUATOR]
        )

    def owned_by(self, user: User) -> Self:
        return self.filter(memberships__user=user, memberships__role=Role.OWNER)

    def empty(self) -> Self:
        """Those in which there are no people and nothing of a registry, half-written or whole."""
        people = self.filter(memberships=None, invitations=None)
        return people.filter(test_sets=None, models=None, studies=None)


class OfProjectQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that belong to a project, which `project_field` leads to."""

    project_field = "project"

    def visible_to(self, user: User) -> Self:
        """Those of the projects whose results this person may look at."""
        return self.filter(**{f"{self.project_field}__in": Project.objects.visible_to(user)})


class Project(models.Model):
    """The space of one team."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """One person's role in one project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    forms_read: ClassVar = ("role",)

    class Meta:
        ordering = ["project", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"],
                name="membership_once",
                violation_error_message="This person is already a member of the project.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} of {self.project}"

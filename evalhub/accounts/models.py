"""Who there is: people, the projects they share, and what each may do there."""

from typing import Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now


class User(AbstractUser):
    """A person who signs in."""


class Role(models.TextChoices):
    OWNER = "owner", "owner"
    EVALUATOR = "evaluator", "evaluator"
    REVIEWER = "reviewer", "reviewer"


class ProjectQuerySet(models.QuerySet["Project"]):
    def seen_by(self, user: User) -> Self:
        """Projects whose results this person may look at: reviewers stay blind."""
        if user.is_superuser:
            return self
        return self.filter(
            memberships__user=user, memberships__role__in=[Role.OWNER, Role.EVALUATOR]
        )

    def owned_by(self, user: User) -> Self:
        return self.filter(memberships__user=user, memberships__role=Role.OWNER)


class OfProjectQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that belong to a project, which `project_field` leads to."""

    project_field = "project"

    def seen_by(self, user: User) -> Self:
        """Those of the projects whose results this person may look at."""
        return self.filter(**{f"{self.project_field}__in": Project.objects.seen_by(user)})


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


class ResultsSeen(models.Model):
    """A person has seen which model gave which answer in a project: they can't judge blindly.

    It outlives the role by which they saw it: the database refuses to change or delete it.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="results_seen")
    user = models.ForeignKey(User, models.PROTECT, related_name="results_seen")
    how = models.CharField(max_length=200, help_text="role or page by which they saw it")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["project", "user"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="results_seen_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} has seen {self.project}"

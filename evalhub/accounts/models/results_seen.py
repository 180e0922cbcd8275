"""Records of people who have seen which model gave which answer."""

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models.people import Project, User


class ResultsSeen(models.Model):
    """A person has seen which model gave which answer in a project: they can't judge blindly.

    It outlives the role by which they saw it: the database refuses to change or delete it.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="results_seen")
    user = models.ForeignKey(User, models.PROTECT, related_name="results_seen")
    how = models.CharField(max_length=200, help_text="role or page by which they saw it")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "look at results"
        verbose_name_plural = "looks at results"
        ordering = ["project", "user"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="results_seen_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} has seen {self.project}"

"""A list as somebody looks at it: its address with a name."""

from django.db import models
from django.db.models.functions import Now

from evalhub.accounts.models import User


class SavedView(models.Model):
    """One person's own; nobody else sees it. What it leads to is checked whenever it is opened."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    path = models.CharField(max_length=300, help_text="of the page")
    query = models.CharField(
        max_length=1000, help_text="filters and order, as its address has them"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["path", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "path", "name"],
                name="saved_view_once",
                violation_error_message="You have a view of this name here.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

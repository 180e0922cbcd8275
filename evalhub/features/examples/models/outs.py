"""Where an example went: a line of a training file, or an item of a test set."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet
from evalhub.registry.models import Item, TrainingFileLine
from reviews.models import Example


class SentExampleQuerySet(OfProjectQuerySet["SentExample"]):
    project_field = "example__queue__project"


class SentExample(models.Model):
    """An example that went out. Rows are only added."""

    example = models.ForeignKey(Example, models.PROTECT, related_name="outs")
    row = models.ForeignKey(TrainingFileLine, models.PROTECT, null=True, related_name="outs")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="outs")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = SentExampleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(row=None) ^ Q(item=None),
                name="example_out_once",
                violation_error_message="An example goes to a training file or to a test set.",
            ),
            models.UniqueConstraint(
                fields=["example", "row"], name="example_out_row", condition=~Q(row=None)
            ),
            models.UniqueConstraint(
                fields=["example", "item"], name="example_out_item", condition=~Q(item=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.example} in {self.row or self.item}"

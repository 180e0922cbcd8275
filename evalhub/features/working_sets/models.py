"""Working sets: items that people edit until they are published as a version.

A working set is no version: it has no number and no digest, nothing is asked of it and nothing
rests on it. Publishing one makes the frozen version, by the same code as an import.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.db import connection, models
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Now
from django.utils import timezone

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.testsets import Item, TestSetPurpose, TestSetVersion

COMPARED = ("key", "digest", "tags", "cluster", "metadata")
"""What makes an item of a working set another than the one that it was, beside its weight, which
may be NULL; its digest covers the rest."""


class SplitPart(models.TextChoices):
    """On which side of a split an item is."""

    TEST = "test", "test"
    DEVELOPMENT = "development", "development"


class ItemChange(models.TextChoices):
    """What became of an item since the version that the set was begun from."""

    ADDED = "added", "added"
    CHANGED = "changed", "changed"


class WorkingSetQuerySet(OfProjectQuerySet["WorkingSet"]):
    def filled(self) -> Self:
        """Without sets whose first items are still being written."""
        return self.filter(filled=True)

    def free(self) -> Self:
        """Sets that can be written to: nobody is filling or publishing them."""
        return self.filled().filter(Q(busy_until=None) | Q(busy_until__lt=timezone.now()))

    def with_counts(self) -> Self:
        """Adds `size`, the number of items."""
        rows = WorkingItem.objects.filter(working_set=OuterRef("pk")).order_by()
        counted = rows.values("working_set").annotate(n=Count("pk")).values("n")
        return self.annotate(size=Coalesce(Subquery(counted), 0))


class WorkingSet(models.Model):
    """A test set that is being written: its project's evaluators edit it."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="working_sets")
    slug = models.SlugField(max_length=80, help_text="the test set that it becomes a version of")
    purpose = models.CharField(
        max_length=20, choices=TestSetPurpose.choices, default=TestSetPurpose.TASK
    )
    source = models.CharField(max_length=255, help_text="where its first items came from")
    origin = models.ForeignKey(
        TestSetVersion,
        models.PROTECT,
        null=True,
        related_name="working_sets",
        help_text="the version that it was begun from, or that was the newest then",
    )
    revision = models.PositiveIntegerField(
        default=1, help_text="counts what was written: whoever publishes says which they have seen"
    )
    filled = models.BooleanField(default=False, help_text="whether its first items are all there")
    busy_until = models.DateTimeField(
        null=True, help_text="somebody fills or publishes it, and is heard of by then"
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(db_default=Now(), editable=False)
    changed = models.DateTimeField(db_default=Now(), editable=False)

    objects = WorkingSetQuerySet.as_manager()

    class Meta:
        ordering = ["-changed", "-id"]

    def __str__(self) -> str:
        return f"{self.slug}, being written"


@dataclass(frozen=True, slots=True)
class WorkingItemFilter:
    """Which items of a working set are meant; empty fields mean all.

    Attributes:
        text: stands in the id, the input, a reference or the context, whatever its case.
        tag: one of its tags.
        part, change: as `SplitPart` and `ItemChange`; "none" for those in no part.
        alike: only those that were found to be near-copies.
        ids: only those of these ids.
    """

    text: str = ""
    tag: str = ""
    part: str = ""
    change: str = ""
    alike: bool = False
    ids: tuple[str, ...] = ()


class WorkingItemQuerySet(models.QuerySet["WorkingItem"]):
    def matching(self, wanted: WorkingItemFilter) -> Self:
        rows = self
        if wanted.text:
            rows = rows.filter(text__contains=wanted.text.casefold())
        if wanted.tag:
            rows = rows.with_tag(wanted.tag)
        if wanted.part:
            rows = rows.filter(part="" if wanted.part == "none" else wanted.part)
        if wanted.change:
            rows = rows.filter(change=wanted.change)
        if wanted.ids:
            rows = rows.filter(key__in=wanted.ids)
        return rows.exclude(alike="") if wanted.alike else rows

    def with_tag(self, tag: str) -> Self:
        """Items with exactly this tag."""
        if connection.vendor == "postgresql":
            return self.filter(tags__contains=[tag])
        sql = "EXISTS (SELECT 1 FROM json_each(working_sets_workingitem.tags) WHERE value = %s)"
        return self.alias(has_tag=RawSQL(sql, [tag], BooleanField())).filter(has_tag=True)

    def per_part(self) -> dict[str, int]:
        """Number of items by part; "" for those in none."""
        rows = self.order_by().values_list("part")
        return dict(rows.annotate(n=Count("pk")))

    def tag_lists(self) -> list[tuple[str, int]]:
        """The distinct lists of tags as JSON, each with the number of items."""
        lists = self.order_by().values_list(Cast("tags", TextField()))
        return [(tags, n) for tags, n in lists.annotate(n=Count("pk"))]

    def mark_changes(self) -> None:
        """Sets each item's `change`, by comparing it with its `was`."""
        same: dict[str, Any] = {name: OuterRef(name) for name in COMPARED}
        before = Item.objects.alias(weighs=Coalesce("weight", 0.0))
        same["weighs"] = Coalesce(OuterRef("weight"), 0.0)  # a NULL equals nothing
        unchanged = Exists(before.filter(pk=OuterRef("was"), **same))
        self.order_by().update(
            change=Case(
                When(was=None, then=Value(ItemChange.ADDED)),
                When(unchanged, then=Value("")),
                default=Value(ItemChange.CHANGED),
                output_field=CharField(),
            )
        )


class WorkingItem(models.Model):
    """One question of a working set; its fields are those of `Item`."""

    # uses the index `working_item_position`, which begins with it
    working_set = models.ForeignKey(
        WorkingSet, models.CASCADE, related_name="items", db_index=False
    )
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200, help_text="the item's id")
    input = models.JSONField()
    references = models.JSONField(default=list)
    context = models.TextField(blank=True)
    choices = models.JSONField(null=True)
    tools = models.JSONField(null=True)
    relevant = models.JSONField(null=True)
    answerable = models.BooleanField(default=True, db_default=True)
    weight = models.FloatField(null=True)
    tags = models.JSONField(default=list)
    cluster = models.CharField(max_length=200, blank=True)
    metadata = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, editable=False)
    fingerprint = models.BigIntegerField(editable=False)
    fingerprint_in_context = models.BigIntegerField(editable=False)
    text = models.TextField(editable=False, help_text="what is searched, in small letters")
    part = models.CharField(max_length=20, choices=SplitPart.choices, blank=True)
    was = models.ForeignKey(
        Item, models.PROTECT, null=True, related_name="+", help_text="the item that it was"
    )
    change = models.CharField(max_length=20, choices=ItemChange.choices, blank=True, editable=False)
    alike = models.CharField(
        max_length=300, blank=True, help_text="what it is a near-copy of, as last looked for"
    )
    revision = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = WorkingItemQuerySet.as_manager()

    class Meta:
        ordering = ["working_set", "position"]
        indexes = [models.Index(fields=["working_set", "fingerprint"], name="working_item_asks")]
        constraints = [
            models.UniqueConstraint(
                fields=["working_set", "position"], name="working_item_position"
            ),
            models.UniqueConstraint(
                fields=["working_set", "key"],
                name="working_item_key",
                violation_error_message="Another item of this set has this id.",
            ),
        ]

    def __str__(self) -> str:
        return self.key

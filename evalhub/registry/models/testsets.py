"""Test sets, their frozen versions, and the items in them."""

import json
from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Self

from django.db import connection, models
from django.db.models import F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Cast, Now, StrIndex
from django.db.models.lookups import GreaterThan

from evalhub.accounts.models import OfProjectQuerySet, Project
from evalhub.registry.models.texts import with_text

TOLD_APART = 0.95
"""Share of a version's items whose own texts must differ for a context to make none of them new."""


class TestSetPurpose(models.TextChoices):
    TASK = "task", "task"
    CAPABILITY = "capability", "general capability"
    SAFETY = "safety", "safety"


class TestSetQuerySet(OfProjectQuerySet["TestSet"]):
    def containing(self, query: str) -> Self:
        """Those in whose name each of these words is found."""
        test_sets = self
        for word in query.split():
            test_sets = test_sets.filter(slug__icontains=word)
        return test_sets

    def with_newest_version(self) -> Self:
        """Adds `newest` (the number of a version that came from a file), its `items`, `changed`.

        Those whose first version is still being written are left out.
        """
        versions = TestSetVersion.objects.filter(test_set=OuterRef("pk"), pool=None)
        versions = versions.order_by("-number")
        return self.annotate(
            newest=Subquery(versions.values("number")[:1]),
            items=Subquery(versions.values("item_count")[:1]),
            changed=Subquery(versions.values("created")[:1]),
        ).filter(newest__isnull=False)

    def written(self) -> Self:
        """Without those whose only versions are drafts."""
        return self.filter(pk__in=TestSetVersion.objects.order_by().values("test_set"))


class TestSet(models.Model):
    """A named set of items; what is in it is said by its versions."""

    __test__ = False  # pytest: not a test class

    project = models.ForeignKey(Project, models.CASCADE, related_name="test_sets")
    slug = models.SlugField(max_length=120)
    purpose = models.CharField(
        max_length=20, choices=TestSetPurpose.choices, default=TestSetPurpose.TASK
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = TestSetQuerySet.as_manager()

    class Meta:
        ordering = ["project", "slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "slug"],
                name="test_set_slug",
                violation_error_message="The project has a test set of this name.",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class TestSetVersionQuerySet(OfProjectQuerySet["TestSetVersion"]):
    project_field = "test_set__project"

    def newest(self) -> Self:
        """Of each test set the newest version; none that was drawn from a pool."""
        same = TestSetVersion.objects.filter(test_set=OuterRef("test_set"), pool=None)
        return self.filter(pk=Subquery(same.order_by("-number").values("pk")[:1]))

    def newest_of(self, project: Project) -> Self:
        """The newest version of each test set of the project, by their names."""
        versions = self.newest().filter(test_set__project=project)
        return versions.select_related("test_set").order_by("test_set__slug")

    def not_told_apart_by_input(self) -> Self:
        """Those of whose items fewer than 95% have an own text that no other of them has."""
        return self.filter(distinct_inputs__lt=TOLD_APART * F("item_count"))


class WrittenVersions(models.Manager.from_queryset(TestSetVersionQuerySet)):  # type: ignore[misc]
    """All but the drafts, which nobody sees."""

    def get_queryset(self) -> TestSetVersionQuerySet:
        queryset: TestSetVersionQuerySet = super().get_queryset().filter(draft_until=None)
        return queryset


class TestSetVersion(models.Model):
    """The frozen content of a test set: the same content is the same version."""

    __test__ = False

    test_set = models.ForeignKey(TestSet, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the items in their order")
    item_count = models.PositiveIntegerField(default=0)
    distinct_inputs = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="how many of its items' own texts differ: where nearly all do, no context makes "
        "an item new",
    )
    source = models.CharField(max_length=255, help_text="name of the file it came from")
    pool = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="drawn",
        help_text="the version whose items it holds some of; null where it came from a file",
    )
    read_freely = models.BooleanField(
        default=False,
        editable=False,
        help_text="a study took it for development: all scores on it are open, for good, and "
        "nothing is judged on its items",
    )
    engine = models.JSONField(
        null=True,
        editable=False,
        help_text="the harness whose task it is, and how: its prompts are asked and its scores "
        "kept; null: items of our own",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    draft_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="its items are still being written, in short batches, and whoever writes them is "
        "heard of by then; null once they are all there",
    )

    objects = WrittenVersions()
    with_drafts = TestSetVersionQuerySet.as_manager()

    class Meta:
        ordering = ["test_set", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["test_set", "number"],
                condition=Q(draft_until=None),
                name="test_set_version_number",
            ),
            models.UniqueConstraint(
                fields=["test_set", "digest"],
                condition=Q(draft_until=None),
                name="test_set_version_content",
                violation_error_message="The test set has a version with this content.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.test_set} v{self.number}"

    @property
    def told_apart_by_input(self) -> bool:
        """Whether its items' own texts tell at least 95% of them apart."""
        return self.distinct_inputs >= TOLD_APART * self.item_count


class Draw(models.Model):
    """Items of a pool that nobody had seen, drawn for one question."""

    pool = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="draws")
    version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="drawn_for")
    question = models.CharField(
        max_length=64,
        help_text="SHA-256 of what is judged on them: arms, answers, metric",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "question", "version"], name="draw_once")
        ]

    def __str__(self) -> str:
        return f"{self.version} of {self.pool}"


_ONE_BY_ONE = """
SELECT asked.key, found.id FROM json_array_elements_text(%s) AS asked(key), LATERAL (
    SELECT id FROM registry_item WHERE version_id = %s AND key = asked.key LIMIT 1
) AS found"""
"""Each by the index: without statistics PostgreSQL would read all items of a version, each time."""


class ItemQuerySet(models.QuerySet["Item"]):
    def written(self) -> Self:
        """Without rows of drafts; a query that starts from a visible version doesn't need it."""
        drafts = TestSetVersion.with_drafts.filter(draft_until__isnull=False).order_by()
        return self.exclude(version__in=drafts)

    def keys_of(self, version: int, keys: Collection[str]) -> dict[str, int]:
        """The primary keys of a version's items by their ids, of those ids that it has."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(_ONE_BY_ONE, [json.dumps(list(keys)), version])
                return dict(cursor.fetchall())
        items = self.filter(version=version, key__in=keys).order_by()
        return dict(items.values_list("key", "pk"))

    def distinct_inputs(self) -> int:
        """The number of distinct own texts."""
        count: int = self.aggregate(n=models.Count("fingerprint", distinct=True))["n"]
        return count

    def asking_the_same_as(self, items: "ItemQuerySet") -> Self:
        """Those whose own text is that of one of `items`, themselves included.

        Of whichever version: where that is asked too, PostgreSQL without statistics goes through
        all items of the one for each of the other, and not by the fingerprint.
        """
        return self.filter(fingerprint__in=items.values("fingerprint")).order_by()

    def read_freely_in(self, project: Project) -> Self:
        """Those of the project's development sets, whose scores are open for good."""
        free = {"version__read_freely": True, "version__draft_until": None}
        return self.filter(version__test_set__project=project, **free).order_by()

    def with_text(self, text: str) -> Self:
        """Those that hold this text: in their id, what is asked, the context or a reference."""
        return with_text(self, text, ["input", "references", "key", "context"])

    def with_tag(self, tag: str) -> Self:
        """Items with this tag."""
        spelt = {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}
        conditions = [
            GreaterThan(StrIndex("tags_as_text", Value(spelling)), 0) for spelling in spelt
        ]
        return self.alias(tags_as_text=Cast("tags", TextField())).filter(
            reduce(or_, map(Q, conditions))
        )

    def between(self, start: int, stop: int) -> Self:
        """Items at positions start, start + 1, …, stop − 1, in order."""
        return self.filter(position__gte=start, position__lt=stop).order_by("position")


class Item(models.Model):
    """One question of a test set."""

    # found by `item_position`, which begins with it
    version = models.ForeignKey(
        TestSetVersion, models.CASCADE, related_name="items", db_index=False
    )
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200, help_text="the item's id in its file")
    input = models.JSONField(help_text="a text, or a list of chat messages {role, content}")
    references = models.JSONField(default=list, help_text="right answers")
    context = models.TextField(blank=True, help_text="retrieved or given text")
    choices = models.JSONField(
        null=True, help_text="texts to choose from, of which a model says how likely each is"
    )
    tools = models.JSONField(null=True, help_text="tools that the model may call")
    relevant = models.JSONField(
        null=True, help_text="ids of the passages that hold its answer; null: nobody said"
    )
    answerable = models.BooleanField(
        default=True, db_default=True, help_text="whether the documents hold its answer"
    )
    weight = models.FloatField(
        null=True,
        help_text="how much it counts, above 0: of a sample how many requests it stands for",
    )
    tags = models.JSONField(default=list)
    cluster = models.CharField(
        max_length=200, blank=True, help_text="items that share a source share a cluster"
    )
    metadata = models.JSONField(default=dict)
    redacted = models.DateTimeField(
        null=True, editable=False, help_text="when its text was taken out; nothing is asked of it"
    )
    digest = models.CharField(
        max_length=64,
        editable=False,
        help_text="SHA-256 of input, references and context: the same under any id, in any set",
    )
    fingerprint = models.BigIntegerField(
        editable=False,
        help_text="64 bits of the SHA-256 of its own text, whatever its spelling and references",
    )
    fingerprint_in_context = models.BigIntegerField(
        editable=False, help_text="the same of its own text and its context"
    )

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["version_id", "position"]
        indexes = [models.Index(fields=["fingerprint", "version"], name="item_fingerprint")]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="item_position"),
            models.UniqueConstraint(
                fields=["version", "key"],
                name="item_key",
                violation_error_message="Two items of one version have the same id.",
            ),
        ]

    def __str__(self) -> str:
        return self.key

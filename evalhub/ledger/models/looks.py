"""What the ledger has been charged: looks at items, of primaries and of guards."""

from collections.abc import Iterator
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion


class Ledger(models.Model):
    """This home's ledger: one row, which is locked while looks are written.

    It is made when the first look is taken. Its id says in a decision's record whose looks it
    counts.
    """

    HOME = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=HOME, editable=False)
    name = models.UUIDField(default=uuid4, unique=True, editable=False, help_text="a random id")
    entries = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="how many rows were written: that it has moved"
    )
    links = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="rows in the chain of looks, decisions and sign-offs"
    )
    head = models.CharField(
        max_length=64,
        blank=True,
        default="",
        editable=False,
        help_text="of that chain; empty: it has no link yet",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1),
                name="one_ledger",
                violation_error_message="A home has one ledger.",
            )
        ]

    def __str__(self) -> str:
        return self.name.hex

    @classmethod
    def of_home(cls) -> "Ledger":
        """The home's ledger, made where there is none yet."""
        return cls.objects.get_or_create(pk=cls.HOME)[0]


class LookQuerySet(models.QuerySet["Look"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")

    def rivals(self) -> Self:
        """Looks at arms that were shown beside a candidate and could only speak against it."""
        return self.filter(tries=0)

    def most_by_version(self, at_least: int) -> dict[int, int]:
        """By version, the highest look number from `at_least` on. Two queries: one alone can't tell
        who read its items elsewhere since."""
        rows = self.filter(number__gte=at_least).order_by().values("test_set_version")
        highest = dict(rows.annotate(n=models.Max("number")).values_list("test_set_version", "n"))
        beside = GuardLook.objects.filter(charged=True, number__gte=at_least).order_by()
        guard_numbers = beside.values("primary__test_set_version").annotate(n=models.Max("number"))
        for version, number in guard_numbers.values_list("primary__test_set_version", "n"):
            highest[version] = max(number, highest.get(version, 0))
        return highest


class LookBeginning(models.TextChoices):
    """How near to its ledger's beginning a look was taken."""

    COMMAND = "command", "by the command that began the ledger"
    CI_COMMAND = "ci-command", "in CI, by the command that began the ledger"
    CI_DAY = "ci-day", "in CI, less than a day after the ledger's first look"


class Look(models.Model):
    """A claim that was first read from some items: the k-th is judged at a level of its own.

    A claim is that one arm's answers do better than another's by one metric; it is known by the
    content of the items and scores, so that to decide on the same again is no new look, and by no
    name. Looks are never changed nor taken back.
    """

    claim = models.CharField(
        max_length=64,
        unique=True,
        help_text="SHA-256 of items, weights, scores and metric: what is claimed; of looks from "
        "before their readings were counted, of answers and ids, too",
        error_messages={"unique": "This claim has been looked at already."},
    )
    number = models.PositiveIntegerField(
        help_text="k: 1 and the looks before it, in this home, at items that it shares"
    )
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="looks")
    candidate = models.ForeignKey(ModelVersion, models.PROTECT, related_name="looks")
    baseline = models.ForeignKey(ModelVersion, models.PROTECT, related_name="looks_against")
    candidate_run = models.ForeignKey(Run, models.PROTECT, related_name="looks")
    baseline_run = models.ForeignKey(Run, models.PROTECT, related_name="looks_against")
    items_digest = models.CharField(max_length=64, help_text="SHA-256 of the items")
    candidate_answers = models.CharField(
        max_length=64, help_text="SHA-256 of the candidate's answers to them"
    )
    baseline_answers = models.CharField(
        max_length=64, help_text="SHA-256 of the baseline's answers to them"
    )
    asked = models.CharField(
        max_length=64, db_index=True, help_text="SHA-256 of metric, weights and items held back"
    )
    drawn_for = models.PositiveSmallIntegerField(
        null=True,
        help_text="of items that were drawn for this look alone: the arms that share all of alpha",
    )
    extends = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="extensions",
        help_text="the look at fewer items that this one adds to",
    )
    shares = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="sharing",
        help_text="the look whose number it has: another claim of one decision on the same answers",
    )
    study = models.ForeignKey(Study, models.PROTECT, related_name="looks")
    candidate_key = models.CharField(
        max_length=64, null=True, db_index=True, help_text="SHA-256 of who the candidate is"
    )
    baseline_key = models.CharField(
        max_length=64, null=True, help_text="SHA-256 of who the baseline is"
    )
    metric_key = models.CharField(max_length=64, null=True, help_text="SHA-256 of the metric")
    tries = models.PositiveIntegerField(
        null=True,
        help_text="which of the candidate's tries against this baseline by this metric it was, on "
        "whatever items; 0: shown beside a candidate as its rival, and not tried",
    )
    reading = models.BigIntegerField(
        null=True,
        help_text="the same for all that one decision read of an arm, or of arms that share a "
        "look, rising; below 0: from before this was counted",
    )
    read_with = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="read_beside",
        help_text="the first claim that the decision counted which read it first; null: itself",
    )
    beginning = models.CharField(
        max_length=10,
        choices=LookBeginning.choices,
        blank=True,
        default="",
        db_default="",
        help_text="whether it is one of its ledger's first; empty: it isn't, or nobody noted it",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = LookQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.candidate} on {self.test_set_version}: look {self.number}"

    @property
    def effective_number(self) -> int:
        """By its items or by its candidate's tries, whichever is more; what is drawn from a pool
        has a level by its tries alone (`evalhub.decision.levels.level_of_draw`)."""
        return self.number if self.drawn_for else max(self.number, self.tries or 1)

    @property
    def with_extended(self) -> "list[Look]":
        """The looks that this one extends, oldest first, then this one."""
        return [self] if self.extends is None else [*self.extends.with_extended, self]

    @property
    def is_rival(self) -> bool:
        return self.tries == 0

    def own_number(self) -> bool:
        """Whether its number is its arm's own: of arms that share a look, that of the arm's first
        claim on these answers."""
        if self.shares_id is None:
            return True
        if not hasattr(self, "arms"):
            return False
        same = Look.objects.filter(shares=self.shares_id, candidate=self.candidate_id)
        return not same.filter(pk__lt=self.pk).exists()


class SharedLook(models.Model):
    """A look that the arms of one study share, which were registered before any was read."""

    look = models.OneToOneField(Look, models.PROTECT, related_name="arms")
    count = models.PositiveSmallIntegerField(help_text="arms that share it, this one included")
    correlations = models.JSONField(
        help_text="by critical criterion, how alike the arms' differences from the baseline are"
    )
    readings = models.PositiveSmallIntegerField(
        help_text="as how many readings it counts for whoever comes next"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "shared look"
        verbose_name_plural = "shared looks"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.look}, shared by {self.count} arms"


class GuardLookQuerySet(models.QuerySet["GuardLook"]):
    def numbers_charged(self) -> Iterator[tuple[int, int, int]]:
        """Distinct (version, primary's look, number) that guards took."""
        charged = self.filter(charged=True).order_by()
        fields = "primary__test_set_version", "primary", "number"
        return charged.values_list(*fields).distinct().iterator()


class GuardLook(models.Model):
    """A guard's claim judged beside a primary's, by which of the primary's looks.

    The first comes with the primary's own look. Another guard's answers or items beside the same
    primary take the next number of the primary's items: then it is `charged`, and the next
    candidate pays. A claim beside itself was read first with another one's number, and took this
    one when it was judged without that.
    """

    primary = models.ForeignKey(Look, models.PROTECT, related_name="guards")
    guard = models.ForeignKey(Look, models.PROTECT, related_name="primaries")
    number = models.PositiveIntegerField(help_text="the look, of the primary's, that judged it")
    charged = models.BooleanField(help_text="whether it took this number")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = GuardLookQuerySet.as_manager()

    class Meta:
        verbose_name = "look of a guard"
        verbose_name_plural = "looks of guards"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["primary", "guard"], name="guard_look_once")]

    def __str__(self) -> str:
        return f"{self.guard} beside {self.primary}: look {self.number}"

"""Decisions, what the ledger has been charged for them, who stands by them, and what they made the
baseline."""

from collections.abc import Iterator
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Now
from django.utils.functional import cached_property

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models import (
    Model,
    ModelVersion,
    Run,
    Study,
    StudyArm,
    StudyRun,
    TestSetVersion,
    TrainingOverlap,
)
from evalhub.registry.models.runs import UNFINISHED
from evalhub.registry.models.studies import ArmRole
from evalhub.schemas.decision import DecisionRecord
from evalhub.schemas.declaration import declared
from evalhub.schemas.verdicts import Verdict
from evalhub.verdict.content import content_digest


class DecisionQuerySet(OfProjectQuerySet["Decision"]):
    project_field = "study__project"

    def newest_first(self) -> Self:
        return self.order_by("-created", "-id")

    def on_versions_of(self, model: Model) -> Self:
        """Those on arms that are a model's versions, each with its `version` and that one's
        `number`."""
        judged = self.filter(study__arms__version__model=model, study__arms__name=F("arm"))
        return judged.annotate(
            version=F("study__arms__version"), number=F("study__arms__version__number")
        )

    def standing(self) -> Self:
        """The newest on each study's candidate in question."""
        same = Decision.objects.filter(study=OuterRef("study"), arm=OuterRef("arm"))
        in_question = StudyArm.objects.filter(
            study=OuterRef("study"), name=OuterRef("arm"), role=ArmRole.CANDIDATE
        )
        newest = same.newest_first().values("pk")[:1]
        return self.filter(Exists(in_question), pk=Subquery(newest))

    def with_headline(self) -> Self:
        """Adds `headline` and `signed`, the verdict of the newest sign-off, and reads no record."""
        sign_offs = SignOff.objects.filter(decision=OuterRef("pk")).order_by("-created", "-id")
        return self.annotate(
            headline=KT("record__headline"), signed=Subquery(sign_offs.values("verdict")[:1])
        ).defer("record")

    def with_news(self) -> Self:
        """Those of which something that they rest on was touched since they were made: what is
        asked, an answer, what was looked through of the training, the project's baseline.

        By dates alone, which is cheap: whether it is otherwise now is a question to
        `evalhub.gate.staleness`, and reviews are another.
        """
        links = StudyRun.objects.filter(arm__study=OuterRef("study")).order_by()
        later = Q(run__finished__gt=OuterRef("created")) | Q(run__state__in=UNFINISHED)
        looked = TrainingOverlap.objects.filter(
            test_set_version__studies__study=OuterRef("study"), created__gt=OuterRef("created")
        )
        blessed = Blessing.objects.filter(
            project=OuterRef("study__project"), created__gt=OuterRef("created")
        )
        return self.filter(
            Q(study__changed__gt=F("created"))
            | Exists(links.filter(later))
            | Exists(looked)
            | Q(Exists(blessed), study__policy__blessed=True)
        )


class Decision(models.Model):
    """A verdict on one candidate arm with all its evidence. It is never changed."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="decisions")
    arm = models.CharField(max_length=120, help_text="name of the candidate arm")
    verdict = models.CharField(max_length=20, choices=Verdict.choices())
    record = models.JSONField(help_text="the whole decision, as the command line prints it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical record")
    code_version = models.CharField(max_length=40)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["study", "arm", "-created"], name="decision_newest")]

    def __str__(self) -> str:
        return f"{self.arm}: {self.verdict}"

    @property
    def in_the_log(self) -> str:
        """How the audit log's row of its making begins."""
        return f"decision {self.pk} on "

    @cached_property
    def document(self) -> DecisionRecord:
        """The record as its type."""
        return declared(DecisionRecord, self.record)

    @property
    def content(self) -> str:
        """SHA-256 of what was measured and decided, the same in any home."""
        return content_digest(self.document)


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

    def most_by_version(self, at_least: int) -> dict[int, int]:
        """Versions from which a claim was read as this look or a later one, and as which. Two
        queries, from which alone one can't tell who read their items elsewhere since."""
        rows = self.filter(number__gte=at_least).order_by().values("test_set_version")
        found = dict(rows.annotate(n=models.Max("number")).values_list("test_set_version", "n"))
        beside = GuardLook.objects.filter(charged=True, number__gte=at_least).order_by()
        taken = beside.values("primary__test_set_version").annotate(n=models.Max("number"))
        for version, number in taken.values_list("primary__test_set_version", "n"):
            found[version] = max(number, found.get(version, 0))
        return found


class Look(models.Model):
    """A claim that was first read from some items: the k-th is judged at a level of its own.

    A claim is that one arm's answers do better than another's by one metric; it is known by the
    content of the items and answers, so that to decide on the same again is no new look, and by
    no name. Looks are never changed nor taken back.
    """

    claim = models.CharField(
        max_length=64,
        unique=True,
        help_text="SHA-256 of items, answers, scores, metric and weights: what is claimed",
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
    study = models.ForeignKey(Study, models.PROTECT, related_name="looks")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = LookQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.candidate} on {self.test_set_version}: look {self.number}"

    @property
    def stages(self) -> "list[Look]":
        """This look after those that it extends, oldest first."""
        return [self] if self.extends is None else [*self.extends.stages, self]


class GuardLookQuerySet(models.QuerySet["GuardLook"]):
    def charged_once(self) -> Iterator[tuple[int, int, int]]:
        """(version, primary's look, number) of each number that was taken for guards."""
        taken = self.filter(charged=True).order_by()
        fields = "primary__test_set_version", "primary", "number"
        return taken.values_list(*fields).distinct().iterator()


class GuardLook(models.Model):
    """A guard's claim judged beside a primary's, by which of the primary's looks.

    The first comes with the primary's own look. Another guard's answers or items beside the same
    primary take the next number of the primary's items: then it is `charged`, and the next
    candidate pays.
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


class SignOffAction(models.TextChoices):
    SIGNED_OFF = "signed-off", "signed off"
    OVERRIDDEN = "overridden", "overridden"


class SignOff(models.Model):
    """A person stands by a decision, or overrides it, and says why. It is never changed."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="sign_offs")
    by = models.ForeignKey(User, models.PROTECT, related_name="sign_offs")
    action = models.CharField(max_length=20, choices=SignOffAction.choices)
    verdict = models.CharField(
        max_length=20, choices=Verdict.choices(), help_text="what holds from now on"
    )
    reason = models.TextField()
    record = models.JSONField(help_text="all of this as one document, with the decision's SHA-256")
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the canonical record"
    )
    created = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "sign-off"
        ordering = ["-created", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="sign_off_has_a_reason",
                violation_error_message="A sign-off says why.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.get_action_display()}: {self.verdict}"

    @property
    def spells_name(self) -> bool:
        """Whether the record, under its digest, holds the user's name: once it did."""
        return isinstance(self.record["by"], str)


class BlessingQuerySet(OfProjectQuerySet["Blessing"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")

    def holding(self) -> Self:
        """The one that says what the baseline is, of each project that has one."""
        return self.filter(after=None).select_related("version__model")

    def current(self, project: Project) -> "Blessing | None":
        """The one that says what the project's baseline is; None: nobody has blessed any."""
        found = self.filter(project=project).select_related("version__model", "by", "decision")
        return found.newest_first().first()


class Blessing(models.Model):
    """Somebody made a version the project's baseline, by a decision, and says why.

    Rows are added, never changed; the newest holds. Each names the one before it, so that of two
    at the same moment one is refused.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="blessings")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="blessings")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="blessings")
    by = models.ForeignKey(User, models.PROTECT, related_name="blessings")
    reason = models.TextField()
    before = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="after", help_text="what held until then"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = BlessingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(before=None),
                name="blessing_first_once",
                violation_error_message="The project has a first baseline.",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="blessing_has_a_reason",
                violation_error_message="A blessing says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}, baseline of {self.project}"

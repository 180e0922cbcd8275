"""Studies: the question, its arms and its test sets."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from evalhub.accounts.models import OfProjectQuerySet, Project
from evalhub.decision.policy import StudySettings
from evalhub.declare.declaration import default_of
from evalhub.declare.policy import Demand
from evalhub.declare.study import StudyReview
from evalhub.registry.models.declared import DeclaredField
from evalhub.registry.models.runs import UNFINISHED, Run, RunState
from evalhub.registry.models.scores import Metric
from evalhub.registry.models.testsets import TestSetPurpose, TestSetVersion
from evalhub.registry.models.versions import ModelVersion


class StudyQuerySet(OfProjectQuerySet["Study"]):
    def containing(self, query: str) -> Self:
        """Those in whose name, short name or arms' names each of these words is found."""
        studies = self
        for word in query.split():
            arms_matching = StudyArm.objects.filter(study=OuterRef("pk"), name__icontains=word)
            studies = studies.filter(
                Q(name__icontains=word) | Q(slug__icontains=word) | Exists(arms_matching)
            )
        return studies

    def live(self) -> Self:
        """Questions of live experiments."""
        return self.filter(live=True)

    def with_run_counts(self) -> Self:
        """Adds `runs_total`, `runs_open` and `runs_failed`."""
        links = StudyRun.objects.filter(arm__study=OuterRef("pk")).order_by()

        def count_runs(condition: Q) -> Coalesce:
            links_matching = links.filter(condition).values("arm__study")
            return Coalesce(
                Subquery(links_matching.annotate(n=Count("run", distinct=True)).values("n")), 0
            )

        return self.annotate(
            runs_total=count_runs(Q()),
            runs_open=count_runs(Q(run__state__in=UNFINISHED)),
            runs_failed=count_runs(Q(run__state=RunState.FAILED)),
        )


_Studies = models.Manager.from_queryset(StudyQuerySet)


class OfflineStudies(_Studies["Study"]):
    """All but those of live experiments: these have no runs, and pages of their own."""

    def get_queryset(self) -> StudyQuerySet:
        queryset = super().get_queryset().filter(live=False)
        assert isinstance(queryset, StudyQuerySet)
        return queryset


DEMANDED = (
    "name",
    "role",
    "tier",
    "margin",
    "relative_margin",
    "min_gain",
    "planned_gain",
    "tails",
)
"""Columns of a judged test set that say what must hold on it."""


class Study(models.Model):
    """Should one of these candidate arms replace the baseline arm?"""

    project = models.ForeignKey(Project, models.CASCADE, related_name="studies")
    slug = models.SlugField(max_length=120)
    name = models.CharField(max_length=200)
    policy = DeclaredField[StudySettings](StudySettings, default=StudySettings)
    review = DeclaredField[StudyReview | None](
        StudyReview, null=True, blank=True, help_text="what people are asked; null: nobody is"
    )
    live = models.BooleanField(
        default=False,
        editable=False,
        help_text="whether users are exposed: the question of an experiment, without runs",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    changed = models.DateTimeField(
        null=True,
        editable=False,
        help_text="when its file last changed what it asks; null: never since it was made",
    )
    lease_until = models.DateTimeField(
        null=True, editable=False, help_text="until when one process advances it, and no other"
    )
    lease_token = models.UUIDField(null=True, editable=False, help_text="of that process")
    advanced_runs = models.DateTimeField(
        null=True, editable=False, help_text="newest end of its runs when it was last advanced"
    )
    advanced_review = models.BigIntegerField(
        null=True, editable=False, help_text="its newest review, if that had ended by then"
    )

    objects = OfflineStudies()
    with_live = StudyQuerySet.as_manager()

    forms_read: ClassVar = ("requires",)

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name_plural = "studies"
        indexes = [
            models.Index(fields=["id"], condition=Q(advanced_runs=None), name="study_not_advanced")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "slug"],
                name="study_slug",
                violation_error_message="The project has a study of this name.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def in_the_log(self) -> str:
        """How the audit log's row on its start begins."""
        return f"study {self.pk}, "

    @property
    def requires(self) -> list[Any]:
        """Its policy, and what must hold on each judged test set. One query."""
        rows = self.test_sets.judged().order_by("name").values_list(*DEMANDED)
        return [self.policy.as_json(), list(rows)]


class ArmRole(models.TextChoices):
    BASELINE = "baseline", "baseline"
    CANDIDATE = "candidate", "the candidate in question"
    ALTERNATIVE = "alternative", "another candidate"


class StudyArm(models.Model):
    """A model version in a study, under the name that the study gives it."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="arms")
    name = models.SlugField(max_length=120)
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20, choices=ArmRole.choices)
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="arms")

    class Meta:
        ordering = ["study", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="study_arm_name"),
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(role=ArmRole.BASELINE),
                name="study_one_baseline",
                violation_error_message="A study has one baseline.",
            ),
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(role=ArmRole.CANDIDATE),
                name="study_one_candidate",
                violation_error_message="A study has one candidate in question.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CriterionRole(models.TextChoices):
    PRIMARY = "primary", "must gain"
    GUARD = "guard", "must not lose"
    DEVELOPMENT = "development", "is read freely and never judged"


class Tier(models.TextChoices):
    CRITICAL = "critical", "critical: a ship needs it shown"
    SUPPORTING = "supporting", "supporting: shown harm holds, doubt doesn't"
    ADVISORY = "advisory", "advisory: reported, decides nothing"


class StudyTestSetQuerySet(models.QuerySet["StudyTestSet"]):
    def judged(self) -> Self:
        """Test sets that a decision rests on."""
        return self.exclude(role=CriterionRole.DEVELOPMENT)

    def capability(self) -> Self:
        """Those of general capability, that a decision rests on."""
        of = TestSetPurpose.CAPABILITY
        return self.judged().named().filter(test_set_version__test_set__purpose=of)

    def named(self) -> Self:
        """Those that the study names, without the guards on the form of their answers."""
        return self.filter(form="")

    def development(self) -> Self:
        """Development test sets, whose results are read freely."""
        return self.filter(role=CriterionRole.DEVELOPMENT)


class StudyTestSet(models.Model):
    """A test set in a study: what is measured on it and what must hold."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="test_sets")
    name = models.SlugField(max_length=120)
    position = models.PositiveSmallIntegerField()
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="studies")
    role = models.CharField(max_length=20, choices=CriterionRole.choices)
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="studies")
    draw = models.PositiveIntegerField(
        null=True, help_text="items that are drawn from a pool; null: all of its file"
    )
    margin = models.FloatField(
        default=default_of(Demand, "margin"), help_text="loss that a guard may show"
    )
    min_gain = models.FloatField(
        default=default_of(Demand, "min_gain"), help_text="gain that a primary must pass"
    )
    tier = models.CharField(max_length=20, choices=Tier.choices, default=default_of(Demand, "tier"))
    relative_margin = models.FloatField(
        null=True, help_text="share of the baseline's value that a guard may lose, for `margin`"
    )
    planned_gain = models.FloatField(
        null=True, help_text="gain that the study is to detect, in this metric's own unit"
    )
    mix = models.JSONField(
        null=True, blank=True, help_text="share of each tag in production; null: as it is"
    )
    bounds = models.JSONField(
        null=True, blank=True, help_text="least and most of a score; null: the metric's own"
    )
    items = models.JSONField(
        null=True, blank=True, help_text="count and digest of the items that are expected"
    )
    tails = models.CharField(
        max_length=20,
        null=True,
        blank=True,
        help_text="bounded: limits pay for a tail that the items hold none of; null: they don't",
    )
    form = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="what it guards of another test set's answers, such as refusal; empty: it is "
        "a test set that the study names",
    )
    turned = models.BooleanField(
        default=False,
        db_default=False,
        help_text="whether more is better where the metric says that less is, or the reverse",
    )

    objects = StudyTestSetQuerySet.as_manager()

    class Meta:
        ordering = ["study", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="study_test_set_name"),
            models.CheckConstraint(
                condition=Q(margin__gte=0),
                name="study_margin_not_negative",
                violation_error_message="A margin is how much may be lost: 0 or more.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StudyRun(models.Model):
    """The run that gives one arm's answers on one test set of the study.

    Two arms may share a run: an arm that differs from its parent on some test sets only.
    """

    arm = models.ForeignKey(StudyArm, models.CASCADE, related_name="runs")
    test_set = models.ForeignKey(StudyTestSet, models.CASCADE, related_name="runs")
    run = models.ForeignKey(Run, models.PROTECT, related_name="studies")
    repeat = models.PositiveSmallIntegerField(
        default=0, help_text="0: what the study compares; 1: the same again, for the noise floor"
    )

    class Meta:
        ordering = ["arm", "test_set", "repeat"]
        constraints = [
            models.UniqueConstraint(fields=["arm", "test_set", "repeat"], name="study_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.arm} on {self.test_set}"

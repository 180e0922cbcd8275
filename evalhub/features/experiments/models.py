"""Live experiments: what was started, how far it was ramped, and users' sums by day."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, FloatField, OuterRef, Q, Subquery
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.declare.experiment import ExperimentPlan
from evalhub.declare.traffic_fields import MOST_FEEDBACK_HOURS
from evalhub.features.experiments.rule import RoutingRule, Variant
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion, Study
from evalhub.registry.models.declared import DeclaredField
from evalhub.registry.models.versions import VersionStage

LONGEST_FEEDBACK = timedelta(hours=MOST_FEEDBACK_HOURS) + timedelta(days=2)
"""So long after its end an experiment may change: its last day ends, and then feedback comes."""
VARIANTS = [(variant.value, variant.value) for variant in Variant]


class Ending(models.TextChoices):
    """How an experiment ended."""

    STOPPED = "stopped", "stopped"
    ROLLED_BACK = "rolled-back", "rolled back"
    PROMOTED = "promoted", "promoted"


class ExperimentQuerySet(OfProjectQuerySet["Experiment"]):
    def running(self) -> Self:
        return self.filter(ended=None)

    def of_pair(self, champion: ModelVersion, challenger: ModelVersion) -> Self:
        """Those of a project's pair of versions, by what they are: a version that was registered
        again under another number is the same."""
        return self.filter(
            project=challenger.model.project_id,
            champion__digest=champion.digest,
            challenger__digest=challenger.digest,
        )

    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def ended_sequences(self) -> Self:
        """Of those that continue each other the last one, if it has ended; with the decision by
        which it was started, the newest first."""
        rows = self.with_versions().select_related("decision__study__project")
        return rows.filter(ended__isnull=False, continued_by=None).newest_first()

    def with_standing(self) -> Self:
        """Adds `share`, the challenger's of all users by the newest step, and `users`, `verdict`
        and `read` of the newest reading: None where there is none yet."""
        steps = Step.objects.filter(experiment=OuterRef("pk")).order_by("-since", "-pk")
        share = steps.annotate(share=F("weight") * F("coverage")).values("share")
        readings = LiveReading.objects.filter(experiment=OuterRef("pk")).order_by("-at", "-pk")
        return self.annotate(
            share=Subquery(share[:1], output_field=FloatField()),
            users=Subquery(readings.values("users")[:1]),
            verdict=Subquery(readings.values("verdict")[:1]),
            read=Subquery(readings.values("at")[:1]),
        )

    def with_versions(self) -> Self:
        """With what names both arms, the project and whoever began it."""
        return self.select_related(
            "project", "study", "champion__model", "challenger__model", "by", "ended_by"
        )

    def to_follow(self, now: datetime) -> Self:
        """Running ones, and those that ended so recently that feedback may still come."""
        return self.filter(Q(ended=None) | Q(ended__gt=now - LONGEST_FEEDBACK))


class Experiment(models.Model):
    """A live A/B test of a challenger against the champion. Its decisions are its study's."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="experiments")
    study = models.OneToOneField(Study, models.PROTECT, related_name="experiment")
    flag = models.CharField(max_length=100, help_text="the key by which clients ask for the arm")
    champion = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    champion_name = models.CharField(max_length=200, help_text="under which it is served")
    challenger = models.ForeignKey(ModelVersion, models.PROTECT, related_name="experiments")
    challenger_name = models.CharField(max_length=200, help_text="under which it is served")
    plan = DeclaredField[ExperimentPlan](ExperimentPlan)
    decision = models.ForeignKey(
        Decision,
        models.PROTECT,
        null=True,
        related_name="experiments",
        help_text="by which it may ship; empty: an owner's word",
    )
    reason = models.TextField(help_text="why it was started")
    continues = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="continued_by",
        help_text="the earlier one of the same pair and metric: its users count on",
    )
    metric_number = models.PositiveSmallIntegerField(
        default=1, help_text="which primary metric of this pair it is: the first has all of alpha"
    )
    stage_before = models.CharField(
        max_length=20, choices=VersionStage.choices, help_text="the challenger's, until it began"
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started = models.DateTimeField(help_text="when its first step began")
    ended = models.DateTimeField(null=True, help_text="empty: it is running")
    outcome = models.CharField(max_length=20, choices=Ending.choices, blank=True)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: by itself"
    )
    ended_reason = models.TextField(blank=True)
    last_exposure = models.DateTimeField(
        null=True, help_text="the newest request that the challenger answered"
    )
    followed = models.DateTimeField(
        null=True,
        help_text="when its traffic was last counted; empty: not yet, or not since it ended",
    )
    record = models.JSONField(
        null=True, help_text="how it stood then, as a decision's record; empty: not assessed yet"
    )
    lease_until = models.DateTimeField(
        null=True, editable=False, help_text="until when one process follows it, and no other"
    )
    lease_token = models.UUIDField(null=True, editable=False, help_text="of that process")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ExperimentQuerySet.as_manager()

    forms_read: ClassVar = ("ended",)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(ended=None),
                name="one_running_experiment",
                violation_error_message="The project has a running experiment.",
            ),
            models.CheckConstraint(
                condition=Q(ended=None, outcome="") | (Q(ended__isnull=False) & ~Q(outcome="")),
                name="experiment_ends_with_an_outcome",
                violation_error_message="An experiment that has ended has an outcome.",
            ),
        ]

    def __str__(self) -> str:
        return self.study.name

    @property
    def is_running(self) -> bool:
        return self.ended is None

    @property
    def sequence(self) -> list["Experiment"]:
        """This one and those it continues, the first one first. A query for each of these."""
        rows = [self]
        while (earlier := rows[-1].continues) is not None:
            rows.append(earlier)
        return rows[::-1]


class StepQuerySet(models.QuerySet["Step"]):
    def in_order(self) -> Self:
        return self.order_by("since", "pk")

    def newest(self) -> Self:
        """Of each experiment the step that holds now, older experiments first."""
        steps = Step.objects.filter(experiment=OuterRef("experiment")).order_by("-since", "-pk")
        return self.filter(pk=Subquery(steps.values("pk")[:1])).order_by("experiment_id")

    def with_champion_now(self) -> Self:
        """With `champion_now`, the key of the version that is the project's champion."""
        promotions = Promotion.objects.filter(project=OuterRef("experiment__project"))
        newest = promotions.newest_first().values("version_id")[:1]
        return self.annotate(champion_now=Subquery(newest))


class Step(models.Model):
    """How far an experiment reaches from a time on: rows are added, the newest holds."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="steps")
    epoch = models.PositiveSmallIntegerField(
        help_text="the same salt and weight; from 1, and on over experiments that it continues"
    )
    salt = models.CharField(max_length=64)
    weight = models.FloatField(help_text="the challenger's share of those in the experiment")
    coverage = models.FloatField(help_text="of all users; 0: it is stopped")
    since = models.DateTimeField()
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: by itself"
    )
    reason = models.TextField(blank=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["experiment", "since", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weight__gt=0, weight__lt=1, coverage__gte=0, coverage__lte=1),
                name="step_is_a_share",
                violation_error_message="A weight is between 0 and 1, and a coverage at most 1.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment}: {self.rule.share:.1%}"

    @property
    def rule(self) -> RoutingRule:
        return RoutingRule(self.salt, self.weight, self.coverage)


class UserDayQuerySet(models.QuerySet["UserDay"]):
    def of_sequence(self, experiment: Experiment) -> Self:
        """Those of this experiment and of all that it continues."""
        return self.filter(experiment__in=[row.pk for row in experiment.sequence])


class UserDay(models.Model):
    """What one user's requests of one day add up to, in the arm that the rule assigns.

    Its epoch is that of the requests: who came in an earlier one of the sequence is analysed there
    alone. A day is counted again while requests of it come and feedback on them counts.
    """

    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="user_days", db_index=False
    )
    epoch = models.PositiveSmallIntegerField()
    day = models.DateField(help_text="of the requests, in UTC")
    unit = models.CharField(max_length=32, help_text="the user's keyed hash")
    variant = models.CharField(max_length=10, choices=VARIANTS, help_text="as assigned")
    first = models.DateTimeField(help_text="of these requests, the first one's time")
    requests = models.PositiveIntegerField()
    as_assigned = models.PositiveIntegerField(help_text="that the assigned arm answered")
    by_default = models.PositiveIntegerField(
        help_text="that the champion answered without an arm: the caller's own default"
    )
    crossed = models.PositiveIntegerField(help_text="that the other arm answered")
    errors = models.PositiveIntegerField()
    timed = models.PositiveIntegerField(help_text="whose latency is known")
    slow = models.PositiveIntegerField()
    priced = models.PositiveIntegerField(help_text="whose cost is known")
    cost = models.FloatField(help_text="US dollars")
    refusals = models.PositiveIntegerField()
    closed = models.PositiveIntegerField(help_text="whose feedback window has closed")
    thumbs_down = models.PositiveIntegerField(help_text="of those closed")
    retries = models.PositiveIntegerField(help_text="of those closed")
    signals = models.JSONField(
        default=dict,
        help_text="of those closed, by metric of the plan: [requests that have it, sum of values]",
    )

    objects = UserDayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "day", "epoch", "unit"], name="user_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit} on {self.day}"


class CountedDay(models.Model):
    """What an experiment has counted of a day, beside its users: when, and what was left out."""

    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="counted_days", db_index=False
    )
    day = models.DateField()
    requests = models.PositiveBigIntegerField(help_text="of the project's roll-up, when counted")
    signals = models.PositiveBigIntegerField(help_text="of the project's roll-up, when counted")
    counted = models.DateTimeField(null=True, help_text="empty: whoever counts it isn't done yet")
    final = models.BooleanField(
        default=False, help_text="whether all its requests have had their time for feedback"
    )
    without_user = models.PositiveBigIntegerField(default=0, help_text="requests")
    outside = models.PositiveBigIntegerField(
        default=0, help_text="requests of users who aren't in the experiment"
    )
    minutes = models.JSONField(
        default=list, help_text="requests of the plan's route in each of its 1,440 minutes"
    )
    arrivals = models.JSONField(
        default=dict,
        help_text="users whose first request this day had, by epoch, slice kind and value: "
        '{"1": {"source": {"otlp": [champion, challenger]}, "all": {"": […]}}}',
    )
    arrivals_due = models.DateTimeField(
        null=True, help_text="when these are to be counted again; empty: nobody came since"
    )

    class Meta:
        ordering = ["experiment", "day"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "day"], name="counted_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.experiment} on {self.day}"


class JudgedAnswer(models.Model):
    """An answer that was drawn to be judged, under an id that tells nothing of its arm."""

    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="judged_answers", db_index=False
    )
    token = models.CharField(max_length=32, help_text="under which a judge sees it: random")
    day = models.DateField(
        null=True, help_text="of its request, in UTC; empty: the request was erased"
    )
    key = models.CharField(max_length=200, blank=True, help_text="of its request; empty likewise")
    drawn = models.DateTimeField(db_default=Now(), editable=False)
    judged = models.DateTimeField(null=True, help_text="when its score came first")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "token"], name="judged_token_once"),
            models.UniqueConstraint(fields=["experiment", "day", "key"], name="judged_once"),
        ]

    def __str__(self) -> str:
        return self.token


class LiveReading(models.Model):
    """How the criteria stood at a time: a point of the sequence that pages draw."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="readings")
    at = models.DateTimeField()
    users = models.PositiveBigIntegerField()
    verdict = models.CharField(max_length=20)
    points = models.JSONField(
        help_text="by criterion: {users, difference, lower, upper, bound}; and the ratio check's p"
    )

    class Meta:
        ordering = ["experiment", "at", "id"]
        indexes = [models.Index(fields=["experiment", "at"], name="reading_by_time")]

    def __str__(self) -> str:
        return f"{self.experiment} at {self.at:%Y-%m-%d %H:%M}"

"""Runs: one model version on one test set version, with its outputs."""

import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet
from evalhub.declare.keys import Reach
from evalhub.declare.prices import Spent
from evalhub.io.tools import with_calls
from evalhub.registry.models.budgets import StudyBudget
from evalhub.registry.models.declared import DeclaredField
from evalhub.registry.models.testsets import Item, TestSetVersion
from evalhub.registry.models.texts import with_text
from evalhub.registry.models.versions import ModelVersion


class RunState(models.TextChoices):
    PENDING = "pending", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


UNFINISHED = (RunState.PENDING, RunState.RUNNING)
STOPPED = (RunState.FAILED, RunState.CANCELLED)


class RunQuerySet(OfProjectQuerySet["Run"]):
    project_field = "test_set_version__test_set__project"

    def containing(self, query: str) -> Self:
        """Those in whose version's or test set's name each of these words is found."""
        runs = self
        for word in query.split():
            runs = runs.filter(
                Q(version__model__slug__icontains=word)
                | Q(test_set_version__test_set__slug__icontains=word)
            )
        return runs

    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)

    def with_progress(self) -> Self:
        """Adds `items_done`, counted from the shards, and `last_lease`: until when the last worker
        that was seen at it may be heard of."""
        return self.annotate(
            items_done=models.Sum("shards__done", default=0),
            last_lease=models.Max("shards__lease_until"),
        )

    def with_first_error(self) -> Self:
        """Adds `first_error`: of the first item whose answer ended in one; None without."""
        failed = Output.objects.filter(run=OuterRef("pk")).exclude(error="")
        first = failed.order_by("run_id", "item_id", "sample").values("error")[:1]
        return self.annotate(first_error=Subquery(first))

    def with_spending(self) -> Self:
        """What it has cost is read with it."""
        return self.prefetch_related("spending__version__model", "spending__run")

    def of_same_version(self, run: "Run") -> Self:
        """Other runs in which the very version that a live run asks has answered items of the same
        test set, under whatever name; without those that asked again."""
        return self.filter(
            version__digest=run.version.digest,
            version__model__project=run.version.model.project_id,
            test_set_version__test_set=run.test_set_version.test_set_id,
            source="",
            repeat=0,
        ).exclude(pk=run.pk)


class WrittenRuns(models.Manager.from_queryset(RunQuerySet)):  # type: ignore[misc]
    """All but the drafts, which nobody sees."""

    def get_queryset(self) -> RunQuerySet:
        queryset: RunQuerySet = super().get_queryset().filter(draft_until=None)
        return queryset


class Run(models.Model):
    """One model version answering one test set version."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="runs")
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="runs")
    source = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the file of answers; empty when live"
    )
    repeat = models.PositiveSmallIntegerField(
        default=0, help_text="0: the run itself; 1, 2, …: the same again, for the noise floor"
    )
    reach = DeclaredField[Reach](
        Reach,
        default=Reach,
        editable=False,
        help_text="what it may reach, by the word of who launched it and not of the study",
    )
    budget = models.ForeignKey(
        StudyBudget,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="runs",
        help_text="of the study that launched it last",
    )
    arm_budget = models.ForeignKey(
        StudyBudget,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="arm_runs",
        help_text="of its arm in that study",
    )
    samples = models.PositiveSmallIntegerField(default=1, help_text="answers to each item")
    reused = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="answers that the same version had given to the same items in another run, and "
        "was not asked for again",
    )
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.PENDING)
    error = models.TextField(blank=True)
    unreachable = models.BooleanField(
        default=False,
        help_text="its model's server couldn't be used, or a part of it failed here and not with "
        "the model: nothing can be decided until it goes on",
    )
    rung = models.UUIDField(
        null=True,
        editable=False,
        help_text="token of the message that waits for it in the queue; null while none does",
    )
    answers_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="SHA-256 of what was answered, live or recorded; empty until the run ends",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    started = models.DateTimeField(null=True, blank=True)
    enqueued = models.DateTimeField(
        db_default=Now(), editable=False, help_text="when it was launched or last resumed"
    )
    going_since = models.DateTimeField(
        null=True, editable=False, help_text="when a worker first took a part of it since then"
    )
    done_before = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="items that were done when it was last resumed",
    )
    finished = models.DateTimeField(null=True, blank=True)
    draft_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="its recorded answers are still being written, in short batches, and whoever "
        "writes them is heard of by then; null once they are all there",
    )

    objects = WrittenRuns()
    with_drafts = RunQuerySet.as_manager()

    forms_read: ClassVar = ("goes_on",)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "test_set_version", "source", "repeat"],
                condition=Q(draft_until=None),
                name="run_once",
                violation_error_message="This version has a run on this test set version.",
            )
        ]
        # workers look for these every few seconds, among all that there ever were
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=UNFINISHED), name="run_unfinished"),
            models.Index(fields=["finished"], name="run_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.test_set_version}"

    @property
    def goes_on(self) -> bool:
        return self.state in UNFINISHED

    @property
    def limits(self) -> list[str]:
        """How many requests its workers give its server at a time, by who is at work: see Shard."""
        claimed = self.shards.filter(state=ShardState.CLAIMED).exclude(limit="")
        return sorted(set(claimed.order_by().values_list("limit", flat=True)))

    @property
    def spent(self) -> list[Spent]:
        """What it has cost, its own version first, then its judges; see `with_spending`."""
        rows = sorted(self.spending.all(), key=lambda spending: (spending.is_judge, spending.pk))
        return [row.shown for row in rows]


class ShardState(models.TextChoices):
    PENDING = "pending", "waiting"
    CLAIMED = "claimed", "at work"
    DONE = "done", "done"
    FAILED = "failed", "failed"


class ShardQuerySet(models.QuerySet["Shard"]):
    def claimable(self, now: datetime.datetime) -> Self:
        """Waiting, or claimed by a worker whose lease has ended.

        Without a join: of several that claim a row at once PostgreSQL then lets one through.
        """
        return self.filter(
            Exists(Run.objects.unfinished().filter(pk=OuterRef("run"))),
            Q(state=ShardState.PENDING) | Q(state=ShardState.CLAIMED, lease_until__lt=now),
        )


class Shard(models.Model):
    """A stretch of a run's items that one task answers and scores."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="shards")
    start = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=ShardState.choices, default=ShardState.PENDING)
    claim = models.UUIDField(null=True, blank=True, help_text="token of the worker that holds it")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(
        default=0,
        help_text="items with all their answers kept; of recorded answers, those that are scored",
    )
    limit = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="how many requests its worker gave the model's server at a time when it was last "
        "heard of, of how many at most, and why not as many; empty where nothing limits them",
    )
    error = models.TextField(blank=True)

    objects = ShardQuerySet.as_manager()

    class Meta:
        ordering = ["run", "start"]
        constraints = [
            models.UniqueConstraint(fields=["run", "start"], name="shard_start"),
            models.CheckConstraint(
                condition=Q(stop__gt=F("start")),
                name="shard_not_empty",
                violation_error_message="A shard holds at least one item.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} [{self.start}, {self.stop})"


class OutputQuerySet(models.QuerySet["Output"]):
    def written(self) -> Self:
        """Without rows of drafts; a query that starts from a visible run doesn't need it."""
        drafts = Run.with_drafts.filter(draft_until__isnull=False).order_by()
        return self.exclude(run__in=drafts)

    def with_text(self, text: str) -> Self:
        """Those that hold this text: in the answer, what was thought first, a call or an error."""
        return with_text(self, text, ["text", "reasoning", "tool_calls", "error"])


class Output(models.Model):
    """One answer (sample k) to one item; `text` is NULL where an error stands instead."""

    # found by `output_once`, which begins with it: an index of its own would only cost
    run = models.ForeignKey(Run, models.CASCADE, related_name="outputs", db_index=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="outputs")
    sample = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(null=True)
    error = models.TextField(blank=True)
    text_sha256 = models.CharField(
        max_length=64, null=True, editable=False, help_text="of a text that was redacted"
    )
    latency_ms = models.FloatField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    finish_reason = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="why the model stopped, in its server's word",
    )
    served_model = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text="which model its server says that it answered with",
    )
    fingerprint = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text="which system its server says that it answered with (system_fingerprint)",
    )
    fault = models.CharField(
        max_length=6,
        choices=[("", "the model's"), ("item", "the item's own"), ("server", "its server's")],
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="of an error: whose fault it is",
    )
    logprob = models.FloatField(
        null=True, help_text="the sum of the log-probabilities of the answer's tokens"
    )
    choice_logprobs = models.JSONField(
        null=True, help_text="of each of the item's choices: the sum over its tokens"
    )
    reasoning = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="what the model thought first: kept apart, and not scored",
    )
    tool_calls = models.JSONField(null=True, help_text="a list of {name, arguments}")
    passages = models.JSONField(
        null=True,
        help_text="what a retriever gave the model for it: a list of {id, text, score}, the best "
        "first; null: none was asked",
    )
    given_scores = models.JSONField(
        null=True,
        editable=False,
        help_text="numbers by name that came with an answer made elsewhere; for the metric that "
        "takes them alone, whose scores are sealed",
    )

    objects = OutputQuerySet.as_manager()

    class Meta:
        ordering = ["run_id", "item_id", "sample"]
        indexes = [
            models.Index(
                fields=["run", "item", "sample"], condition=~Q(error=""), name="output_in_error"
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "item", "sample"], name="output_once"),
            models.CheckConstraint(
                condition=Q(text__isnull=False) ^ ~Q(error=""),
                name="output_text_or_error",
                violation_error_message="An output is a text or an error.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}#{self.sample} of run {self.run_id}"

    @property
    def as_read(self) -> str:
        """The answer as a person reads it, with the tools that it calls; "" where there is none."""
        return with_calls(self.text or "", self.tool_calls)

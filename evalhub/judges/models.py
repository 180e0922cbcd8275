"""A judge's run on two runs' answers, and its vote on each pair in both orders."""

import datetime
from typing import Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now

from evalhub.declare.judges import PairwiseQuestion
from evalhub.io.canonical import digest_of
from evalhub.registry.models.declared import DeclaredField
from evalhub.registry.models.runs import Run
from evalhub.registry.models.testsets import Item
from evalhub.registry.models.versions import ModelVersion


class VoteChoice(models.TextChoices):
    CANDIDATE = "candidate", "the candidate's is better"
    BASELINE = "baseline", "the baseline's is better"
    TIE = "tie", "neither is better"


class JudgeRunState(models.TextChoices):
    PENDING = "pending", "waiting"
    CLAIMED = "claimed", "being asked"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


STOPPED = [JudgeRunState.FAILED, JudgeRunState.CANCELLED]
"""Such a judge's run ends there unless somebody lets it go on."""


def question_digest(judge_digest: str, question: PairwiseQuestion) -> str:
    """Digest of a judge and its question, which identifies a judge's run."""
    return digest_of({"judge": judge_digest, "asked": question.as_json()})


class JudgeRunQuerySet(models.QuerySet["JudgeRun"]):
    def unfinished(self) -> Self:
        """Judge runs that are waiting or running."""
        return self.filter(state__in=[JudgeRunState.PENDING, JudgeRunState.CLAIMED])

    def claimable(self, forsaken: datetime.datetime) -> Self:
        """Waiting, or claimed by a worker whose lease has ended before that moment."""
        return self.filter(
            Q(state=JudgeRunState.PENDING)
            | Q(state=JudgeRunState.CLAIMED, lease_until__lt=forsaken)
        ).of_answers_as_they_are()

    def of_answers_as_they_are(self) -> Self:
        """Judge runs whose two runs still have the same answers.

        Without a join: of several that claim a row at once PostgreSQL then lets one through.
        """
        return self.filter(
            *(
                Exists(
                    Run.objects.filter(
                        pk=OuterRef(side), answers_digest=OuterRef(f"{side}_answers")
                    )
                )
                for side in ("baseline", "candidate")
            )
        )

    def about(self, run: Run) -> Self:
        """Judge runs about the present answers of a run."""
        return self.filter(Q(baseline=run) | Q(candidate=run)).of_answers_as_they_are()

    def open(self) -> Self:
        """Those that haven't ended, or ended so that somebody has to let them go on."""
        return self.filter(Q(finished=None) | Q(unreachable=True))

    def with_verdicts(self) -> Self:
        """Each with how many `verdicts` there are."""
        return self.annotate(verdicts=Count("votes"))

    def of_these_answers(self, baseline: Run, candidate: Run) -> Self:
        """Judge runs about the same answers to the same items, from whichever runs."""
        return self.filter(
            baseline__test_set_version__digest=baseline.test_set_version.digest,
            baseline_answers=baseline.answers_digest,
            candidate_answers=candidate.answers_digest,
        )


class JudgeRun(models.Model):
    """A judge's comparison of two runs' answers, by a rubric.

    One worker at a time asks it, under a claim: a token and a lease, as a shard has them.

    Until it is `opened` no door shows whom it preferred: only how far it is, and what it says of
    the judge.
    """

    baseline = models.ForeignKey(Run, models.PROTECT, related_name="judged_as_baseline")
    candidate = models.ForeignKey(Run, models.PROTECT, related_name="judged_as_candidate")
    baseline_answers = models.CharField(
        max_length=64, editable=False, help_text="SHA-256 of the answers that were judged"
    )
    candidate_answers = models.CharField(max_length=64, editable=False)
    judge = models.ForeignKey(ModelVersion, models.PROTECT, related_name="judge_runs")
    asked = DeclaredField[PairwiseQuestion](PairwiseQuestion, editable=False)
    digest = models.CharField(
        max_length=64, editable=False, help_text="SHA-256 of the judge's version and what is asked"
    )
    state = models.CharField(
        max_length=20, choices=JudgeRunState.choices, default=JudgeRunState.PENDING, editable=False
    )
    claim = models.UUIDField(null=True, editable=False, help_text="token of who asks the judge now")
    lease_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="in a row, in which it gave no verdict"
    )
    error = models.TextField(blank=True, editable=False)
    unreachable = models.BooleanField(
        default=False,
        editable=False,
        help_text="the judge couldn't be used, asking it failed here, or somebody stopped it: "
        "nothing can be decided until it goes on",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    finished = models.DateTimeField(null=True, editable=False)
    opened = models.DateTimeField(
        null=True, editable=False, help_text="when a decision read whom it preferred"
    )

    objects = JudgeRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["finished"], name="judge_run_finished")]
        constraints = [
            models.UniqueConstraint(
                fields=["baseline", "candidate", "baseline_answers", "candidate_answers", "digest"],
                name="judge_run_once",
                violation_error_message="This judge has been asked this about these answers.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.judge} on {self.candidate} beside {self.baseline.version}"


class JudgeVoteQuerySet(models.QuerySet["JudgeVote"]):
    def unreadable(self) -> Self:
        """Votes without a readable verdict."""
        return self.filter(choice="")

    def readable(self) -> Self:
        """Votes that a decision has read."""
        return self.filter(judge_run__opened__isnull=False)


class JudgeVote(models.Model):
    """What the judge said of one item's two answers in one order; `choice` is empty where it was no
    verdict, and `reason` says why."""

    judge_run = models.ForeignKey(
        JudgeRun, models.CASCADE, related_name="votes", db_index=False
    )  # found by `judge_vote_once`, which begins with it
    item = models.ForeignKey(Item, models.PROTECT, related_name="judge_votes")
    candidate_first = models.BooleanField()
    choice = models.CharField(max_length=20, choices=VoteChoice.choices, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="the judge's own, or the flaw")
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)

    objects = JudgeVoteQuerySet.as_manager()

    class Meta:
        ordering = ["judge_run_id", "item_id", "candidate_first"]
        constraints = [
            models.UniqueConstraint(
                fields=["judge_run", "item", "candidate_first"], name="judge_vote_once"
            ),
            models.CheckConstraint(
                condition=~Q(choice="") | ~Q(reason=""),
                name="judge_vote_or_reason",
                violation_error_message="A vote is a choice, or says why there is none.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.choice or 'no verdict'} on item {self.item_id} in {self.judge_run_id}"

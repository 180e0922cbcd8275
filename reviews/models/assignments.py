"""A reviewer's turns at pairs, with their answers."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Exists, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Least, Now

from evalhub.registry.models import Study
from reviews.models.campaigns import Campaign, Pair, PairKind
from reviews.models.people import Reviewer


class DealingQuerySet(models.QuerySet["Dealing"]):
    def of_campaign(self, campaign: Campaign) -> "Dealing":
        """The campaign's row, made by the first who asks."""
        dealing = self.filter(campaign=campaign).first()
        if dealing is not None:
            return dealing
        dealt = campaign.pairs.exclude(kind=PairKind.PRACTICE).order_by()
        counted = dealt.aggregate(
            places=Coalesce(Max("position") + 1, 0),
            pairs=Count("pk"),
            seats=Coalesce(Sum("seats"), 0),
        )
        return self.get_or_create(campaign=campaign, defaults=counted)[0]


class Dealing(models.Model):
    """Counts from which a campaign deals, made once: its plan is sealed by then."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="dealing")
    places = models.PositiveIntegerField(help_text="positions in the plan's order")
    pairs = models.PositiveIntegerField(help_text="pairs that are dealt; practice is apart")
    seats = models.PositiveIntegerField(help_text="judgments that they are to have")
    chances = models.JSONField(
        default=dict,
        blank=True,
        help_text="stratum → chance that a pair is dealt in the first lap; empty: always",
    )
    weighed = models.PositiveIntegerField(
        default=0, help_text="judgments that there were when the chances were computed"
    )

    objects: ClassVar = DealingQuerySet.as_manager()

    class Meta:
        ordering = ["campaign"]

    def __str__(self) -> str:
        return f"Dealing of campaign {self.campaign_id}"


class AssignmentState(models.TextChoices):
    LEASED = "leased", "dealt, not yet answered"
    DONE = "done", "answered"
    EXPIRED = "expired", "lease ended: its seat is free again"
    SKIPPED = "skipped", "skipped with a reason: its seat is free again"


class AssignmentPurpose(models.TextChoices):
    MAIN = "main", "takes a seat"
    REPEAT = "repeat", "an earlier turn again with its sides swapped: takes no seat"
    ADJUDICATION = "adjudication", "decides a disagreement: takes no seat"


JUDGED_BY = (
    "reviewer",
    "purpose",
    "token",
    "turn",
    "candidate_on_left",
    "state",
    "revision",
    "dealt",
    "lease_until",
    "repeats",
    "pair__kind",
    "pair__position",
)


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def on_lease(self) -> Self:
        """On lease in the order of turns, but for adjudication, which has pages of its own."""
        return (
            self.filter(state=AssignmentState.LEASED)
            .exclude(purpose=AssignmentPurpose.ADJUDICATION)
            .order_by("turn")
        )

    def seen_before(self, assignment: "Assignment") -> Self:
        """The comparison that the same reviewer saw before this one; one given back unseen isn't.

        Empty for the first.
        """
        earlier = self.filter(reviewer=assignment.reviewer_id, turn__lt=assignment.turn)
        seen = earlier.exclude(state=AssignmentState.EXPIRED)
        return seen.exclude(purpose=AssignmentPurpose.ADJUDICATION).order_by("-turn")[:1]

    def input(self) -> Subquery:
        """Subquery: the input of the first item of these, for an annotation."""
        return Subquery(self.values("pair__item__input")[:1])

    def locked(self) -> Self:
        """Locked until the transaction ends, in the order of turns, with their pairs' kinds."""
        return (
            self.select_related("pair")
            .only(*JUDGED_BY)
            .select_for_update(of=("self",))
            .order_by("turn")
        )


class Assignment(models.Model):
    """One reviewer's turn at a pair; its side is fixed here before anything is shown."""

    pair = models.ForeignKey(Pair, models.CASCADE, related_name="assignments")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="assignments")
    purpose = models.CharField(
        max_length=20, choices=AssignmentPurpose.choices, default=AssignmentPurpose.MAIN
    )
    repeats = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="repeated"
    )
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    turn = models.PositiveIntegerField(help_text="0 for the reviewer's first, then 1, 2, …")
    candidate_on_left = models.BooleanField()
    state = models.CharField(
        max_length=20, choices=AssignmentState.choices, default=AssignmentState.LEASED
    )
    skip_reason = models.CharField(max_length=300, blank=True)
    revision = models.PositiveSmallIntegerField(
        default=0, help_text="of the next judgment: how many were made"
    )
    dealt = models.DateTimeField(help_text="when it was last put before the reviewer")
    lease_until = models.DateTimeField()
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["reviewer", "turn"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "reviewer", "purpose"],
                name="assignment_once",
                violation_error_message="This reviewer has had this pair.",
            ),
            models.UniqueConstraint(fields=["reviewer", "turn"], name="assignment_turn"),
            models.UniqueConstraint(
                fields=["pair"],
                condition=Q(purpose="adjudication", state="done"),
                name="adjudicated_once",
                violation_error_message="Somebody has adjudicated this disagreement.",
            ),
            models.CheckConstraint(
                condition=Q(purpose="repeat") ^ Q(repeats__isnull=True),
                name="assignment_repeats_one",
                violation_error_message="A repeat says which turn it repeats.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(state=AssignmentState.LEASED),
                name="assignment_on_lease",
            ),
            models.Index(
                fields=["reviewer", "turn"],
                condition=Q(state=AssignmentState.LEASED),
                name="assignment_at_hand",
            ),
            models.Index(
                fields=["reviewer", "pair"],
                condition=Q(state__in=[AssignmentState.EXPIRED, AssignmentState.SKIPPED]),
                name="assignment_gave_back",
            ),
        ]

    def __str__(self) -> str:
        return f"Turn {self.turn} of {self.reviewer}"

    @property
    def is_on_lease(self) -> bool:
        return (
            self.state == AssignmentState.LEASED and self.purpose != AssignmentPurpose.ADJUDICATION
        )


class Choice(models.TextChoices):
    LEFT = "left", "Left is better"
    TIE = "tie", "A tie"
    BOTH_BAD = "both-bad", "Both bad"
    RIGHT = "right", "Right is better"


RATED = "rated"
"""The choice of a judgment that rates one answer: what was said stands in `answers`."""


class JudgmentQuerySet(models.QuerySet["Judgment"]):
    def current(self) -> Self:
        """What reviewers say now: the last revision of turns that weren't undone."""
        later = Judgment.objects.filter(
            assignment=OuterRef("assignment"), revision__gt=OuterRef("revision")
        )
        return self.filter(~Exists(later), assignment__state=AssignmentState.DONE)

    def hours_of(self, study: Study) -> float | None:
        """What people spent on all judgments of a study's reviews, practice and what they took back
        too, in hours: while the page was in view, where the browser counted. None: nobody judged.
        """
        judgments = self.filter(assignment__reviewer__campaign__study=study).order_by()
        spent = judgments.aggregate(
            s=Sum(Least(Coalesce("visible_seconds", "seconds"), "seconds"))
        )["s"]
        return None if spent is None else spent / 3600


class Judgment(models.Model):
    """A reviewer's judgment, as presented. Rows are added, never changed.

    An answer after an undo is a new revision; the last one stands.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="judgments")
    revision = models.PositiveSmallIntegerField(default=0)
    choice = models.CharField(max_length=20)
    much = models.BooleanField(default=False, help_text="left or right is much better")
    answers = models.JSONField(
        default=dict, blank=True, help_text="dimension → choice as presented, or a rating"
    )
    flags = models.JSONField(
        default=dict, blank=True, help_text='{"left": ["unsafe", …], "right": […]}, as presented'
    )
    rationale = models.TextField(blank=True)
    seconds = models.FloatField(help_text="from the deal to the answer, on the server's clock")
    visible_seconds = models.FloatField(
        null=True, help_text="for how long the page was in view, as the browser counted"
    )
    key = models.CharField(
        max_length=64, blank=True, help_text="the browser's own: the same again is the same row"
    )
    place = models.PositiveIntegerField(
        editable=False, help_text="in the chain of all that its reviewer has said"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = JudgmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="judgment_revision"),
            models.UniqueConstraint(
                fields=["assignment", "key"], condition=~Q(key=""), name="judgment_key"
            ),
            models.CheckConstraint(
                condition=Q(choice__in=["left", "tie", "both-bad", "right", RATED]),
                name="judgment_choice",
                violation_error_message="A choice is left, right, tie, both-bad or rated.",
            ),
            models.CheckConstraint(
                condition=Q(much=False) | Q(choice__in=["left", "right"]),
                name="judgment_much",
                violation_error_message="Only left or right can be much better.",
            ),
            models.CheckConstraint(
                condition=Q(seconds__gte=0),
                name="judgment_seconds",
                violation_error_message="Seconds are 0 or more.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.choice} at {self.assignment}"


class Undo(models.Model):
    """A judgment was taken back. Rows are added, never changed."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="undos")
    revision = models.PositiveSmallIntegerField(help_text="of the judgment that stands no more")
    place = models.PositiveIntegerField(
        editable=False, help_text="in the chain of all that its reviewer has said"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="undone_once")
        ]

    def __str__(self) -> str:
        return f"revision {self.revision} taken back at {self.assignment}"


class Guess(models.Model):
    """The side that a reviewer took for the tuned one, asked after their last judgment."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="guess")
    side = models.CharField(max_length=10)
    place = models.PositiveIntegerField(
        editable=False, help_text="in the chain of all that its reviewer has said"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "guesses"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(side__in=["left", "right", "unsure"]),
                name="guess_side",
                violation_error_message="A guess is left, right or unsure.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.side} at {self.assignment}"

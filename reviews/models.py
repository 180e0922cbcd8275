"""Blind review: campaigns, their pairs, who is dealt which pair, and what they said."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from evalhub.accounts.models import Role, User
from evalhub.registry.models import Item, ModelVersion, Output, Study


class CampaignState(models.TextChoices):
    OPEN = "open", "open"
    CLOSED = "closed", "closed"


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def of_reviewer(self, user: User) -> Self:
        """Campaigns of the projects in which this person reviews."""
        return self.filter(
            study__project__memberships__user=user,
            study__project__memberships__role=Role.REVIEWER,
        )

    def with_own_progress(self, user: User) -> Self:
        """Adds `judged` (by this person) and `left` (pairs that this person could judge now)."""
        pairs = Pair.objects.filter(campaign=OuterRef("pk")).order_by()
        judged = pairs.filter(
            assignments__reviewer__user=user, assignments__state=AssignmentState.DONE
        )
        return self.annotate(
            judged=_count(judged.values("campaign")),
            left=_count(pairs.open_to(user).values("campaign")),
        )


def _count(grouped: models.QuerySet) -> Coalesce:  # type: ignore[type-arg]
    return Coalesce(Subquery(grouped.annotate(n=Count("pk")).values("n")), 0)


class Campaign(models.Model):
    """A blind review of two arms of a study, by a plan that was sealed before the first deal.

    It is complete when every pair has its judgments (see `reviews.results`); closed when
    someone has ended it.
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="campaigns")
    baseline = models.ForeignKey(ModelVersion, models.PROTECT, related_name="campaigns_as_baseline")
    candidate = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="campaigns_as_candidate"
    )
    question = models.TextField(help_text="what reviewers are asked; it names no model")
    reviewers_per_item = models.PositiveSmallIntegerField()
    seed = models.PositiveBigIntegerField(help_text="of the sample, the orders and the sides")
    plan = models.JSONField(help_text="items, rule and scale, as fixed before the first deal")
    plan_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical plan")
    state = models.CharField(
        max_length=20, choices=CampaignState.choices, default=CampaignState.OPEN
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "plan_hash"],
                name="campaign_plan",
                violation_error_message="The study has a campaign with this plan.",
            ),
            models.CheckConstraint(
                condition=Q(reviewers_per_item__gte=1),
                name="campaign_has_reviewers",
                violation_error_message="Each item needs at least one reviewer.",
            ),
            models.CheckConstraint(
                condition=~Q(baseline=F("candidate")),
                name="campaign_two_versions",
                violation_error_message="A campaign compares two different versions.",
            ),
        ]

    def __str__(self) -> str:
        return f"Review {self.pk} of {self.study}"


class PairQuerySet(models.QuerySet["Pair"]):
    def open_to(self, user: User) -> Self:
        """Pairs with a free seat that this person hasn't judged, or on lease to them."""
        own = Assignment.objects.filter(pair=OuterRef("pk"), reviewer__user=user)
        return self.filter(
            Q(taken__lt=F("seats")) | models.Exists(own.filter(state=AssignmentState.LEASED)),
            ~models.Exists(own.filter(state=AssignmentState.DONE)),
        )


class Pair(models.Model):
    """Two different answers to one item, with as many seats as it is to have judgments."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="pairs")
    item = models.ForeignKey(Item, models.PROTECT, related_name="pairs")
    baseline_output = models.ForeignKey(Output, models.PROTECT, related_name="pairs_as_baseline")
    candidate_output = models.ForeignKey(Output, models.PROTECT, related_name="pairs_as_candidate")
    position = models.PositiveIntegerField(help_text="place in the plan's random order")
    seats = models.PositiveSmallIntegerField(help_text="judgments that the plan asks for")
    taken = models.PositiveSmallIntegerField(
        default=0, help_text="seats held by a judgment or a lease; claimed by compare-and-set"
    )

    objects: ClassVar = PairQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "item"], name="pair_item"),
            models.UniqueConstraint(fields=["campaign", "position"], name="pair_position"),
            models.CheckConstraint(
                condition=Q(taken__lte=F("seats")),
                name="pair_not_overassigned",
                violation_error_message="Every seat of this pair is taken.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "position"],
                condition=Q(taken__lt=F("seats")),
                name="pair_with_free_seat",
            )
        ]

    def __str__(self) -> str:
        return f"{self.item} in campaign {self.campaign_id}"


class Reviewer(models.Model):
    """A person in a campaign, from their first turn on; its row is locked while dealing."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="reviewers")
    user = models.ForeignKey(User, models.PROTECT, related_name="reviewing")
    turns = models.PositiveIntegerField(default=0, help_text="assignments dealt so far")

    class Meta:
        ordering = ["campaign", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "user"],
                name="reviewer_once",
                violation_error_message="This person is already a reviewer of the campaign.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in campaign {self.campaign_id}"


class AssignmentState(models.TextChoices):
    LEASED = "leased", "dealt, not yet answered"
    DONE = "done", "answered"
    EXPIRED = "expired", "lease ended: its seat is free again"


class Assignment(models.Model):
    """One reviewer's turn at a pair; its side is fixed here before anything is shown."""

    pair = models.ForeignKey(Pair, models.CASCADE, related_name="assignments")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="assignments")
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    turn = models.PositiveIntegerField(help_text="0 for the reviewer's first, then 1, 2, …")
    candidate_on_left = models.BooleanField()
    state = models.CharField(
        max_length=20, choices=AssignmentState.choices, default=AssignmentState.LEASED
    )
    dealt = models.DateTimeField(help_text="when it was last put before the reviewer")
    lease_until = models.DateTimeField()
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["reviewer", "turn"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "reviewer"],
                name="assignment_once",
                violation_error_message="This reviewer has had this pair.",
            ),
            models.UniqueConstraint(fields=["reviewer", "turn"], name="assignment_turn"),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=Q(state=AssignmentState.LEASED),
                name="assignment_on_lease",
            )
        ]

    def __str__(self) -> str:
        return f"Turn {self.turn} of {self.reviewer}"


class Choice(models.TextChoices):
    LEFT = "left", "Left is better"
    TIE = "tie", "A tie"
    BOTH_BAD = "both-bad", "Both bad"
    RIGHT = "right", "Right is better"


class Judgment(models.Model):
    """What a reviewer said, as presented. Rows are added, never changed.

    The assignment is the idempotency key: one has at most one judgment.
    """

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="judgment")
    choice = models.CharField(max_length=20, choices=Choice.choices)
    seconds = models.FloatField(help_text="from the deal to the answer, on the server's clock")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(choice__in=["left", "tie", "both-bad", "right"]),
                name="judgment_choice",
                violation_error_message="A choice is left, right, tie or both-bad.",
            ),
            models.CheckConstraint(
                condition=Q(seconds__gte=0),
                name="judgment_seconds",
                violation_error_message="Seconds are 0 or more.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.choice} at {self.assignment}"

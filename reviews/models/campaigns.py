"""Campaigns, the pairs in them, and what happened to them."""

import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import (
    CharField,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Now

from evalhub.accounts.models import (
    Action,
    LogEntry,
    OfProjectQuerySet,
    Project,
    ResultsSeen,
    Role,
    User,
)
from evalhub.declare.declaration import validate
from evalhub.declare.review import Form, ReviewPlan
from evalhub.registry.models import Item, ModelVersion, Output, Study


class CampaignKind(models.TextChoices):
    PAIRS = "pairs", "two answers compared"
    RATINGS = "ratings", "one answer rated"


class CampaignState(models.TextChoices):
    OPEN = "open", "open"
    PAUSED = "paused", "paused"
    COMPLETE = "complete", "complete: every judgment is in"
    CLOSED = "closed", "closed"


OVER = (CampaignState.COMPLETE, CampaignState.CLOSED)
"""The states in which a campaign takes no more answers."""


class CampaignQuerySet(OfProjectQuerySet["Campaign"]):
    def containing(self, query: str) -> Self:
        """Those in whose name or question each of these words is found."""
        campaigns = self
        for word in query.split():
            campaigns = campaigns.filter(Q(name__icontains=word) | Q(question__icontains=word))
        return campaigns

    def of_reviewer(self, user: User) -> Self:
        """Campaigns of the projects in which this person reviews, and to which they may come."""
        from reviews.models.people import Reviewer

        own = Reviewer.objects.filter(campaign=OuterRef("pk"), user=user)
        return self.filter(
            Q(invited_only=False) | Exists(own),
            project__memberships__user=user,
            project__memberships__role=Role.REVIEWER,
        )

    def for_owners(self) -> Self:
        """With all that its page shows, the newest first: counts, and `people` who review."""
        related = ("project", "study", "supersedes", "baseline__model", "candidate__model")
        campaigns = self.select_related(*related).with_counts()
        return campaigns.annotate(people=Count("reviewers", distinct=True)).order_by(
            "-created", "-pk"
        )

    def with_counts(self) -> Self:
        """Adds `asked` (planned judgments) and `given` (judgments that count)."""
        from reviews.models.people import Reviewer

        seats = Pair.objects.filter(campaign=OuterRef("pk")).exclude(kind=PairKind.PRACTICE)
        people = Reviewer.objects.filter(campaign=OuterRef("pk")).order_by()
        return self.annotate(
            asked=_total(seats.order_by().values("campaign"), "seats"),
            given=_total(people.values("campaign"), "seated"),
        )

    def with_judged(self) -> Self:
        """Adds `judged`: whether the campaign has any judgment beyond practice."""
        from reviews.models.assignments import Assignment, AssignmentPurpose, AssignmentState

        judgments = Assignment.objects.filter(
            reviewer__campaign=OuterRef("pk"),
            purpose=AssignmentPurpose.MAIN,
            state=AssignmentState.DONE,
        )
        return self.annotate(judged=Exists(judgments))

    def unread(self) -> Self:
        """Those that have ended, and whose results nobody has opened."""
        name = Concat(Value("Review "), Cast(OuterRef("pk"), CharField()), Value(": "))
        readers = ResultsSeen.objects.filter(project=OuterRef(OuterRef("project"))).order_by()
        opened = LogEntry.objects.filter(
            by__in=readers.values("user"),  # by whose index the log needn't be gone through
            action=Action.SAW_RESULTS,
            project=OuterRef("project"),
            what=Concat(name, OuterRef("name")),
        )
        later = Campaign.objects.filter(supersedes=OuterRef("pk"))
        ended = self.filter(Q(state__in=OVER) | ~Q(seal=""), unblinded=None)
        return ended.filter(~Exists(opened), ~Exists(later))

    def short_of_people(self, *, since: datetime.datetime) -> Self:
        """Open ones with judgments to come that nobody reviews, or has answered since then.

        Adds `active` (who reviews) and `answered` (the newest answer), and what `with_counts` adds.
        """
        from reviews.models.people import Reviewer, ReviewerState

        people = Reviewer.objects.filter(campaign=OuterRef("pk")).order_by()
        newest = people.values("campaign").annotate(at=Max("answered")).values("at")
        quiet = Q(answered__lt=since) | Q(answered=None, created__lt=since)
        return (
            self.filter(state=CampaignState.OPEN, seal="")
            .with_counts()
            .annotate(
                active=_count(people.filter(state=ReviewerState.ACTIVE).values("campaign")),
                answered=Subquery(newest),
            )
            .filter(Q(active=0) | quiet, given__lt=F("asked"))
        )

    def unblinded_of(self, study: Study) -> Self:
        """Those of a study whose models have been named, the newest first."""
        return self.filter(study=study, unblinded__isnull=False).order_by("-created", "-pk")

    def with_open_pairs(self) -> Self:
        """Adds `open_pairs`: those with a free seat, without practice."""
        free = Pair.objects.filter(campaign=OuterRef("pk"), taken__lt=F("seats"))
        dealt = free.exclude(kind=PairKind.PRACTICE).order_by()
        return self.annotate(open_pairs=_count(dealt.values("campaign")))


def _count(grouped: models.QuerySet) -> Coalesce:  # type: ignore[type-arg]
    return Coalesce(Subquery(grouped.annotate(n=Count("pk")).values("n")), 0)


def _total(grouped: models.QuerySet, of: str) -> Coalesce:  # type: ignore[type-arg]
    return Coalesce(Subquery(grouped.annotate(n=Sum(of)).values("n")), 0)


class Campaign(models.Model):
    """A blind review of two arms of a study, by a plan that was sealed before the first deal.

    It is complete when every pair has its judgments (see `reviews.results.ended`); closed when
    someone has ended it. Either way its judgments are sealed (see `reviews.chain`).
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="campaigns")
    study = models.ForeignKey(
        Study,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="campaigns",
        help_text="empty where the pairs were uploaded",
    )
    name = models.CharField(max_length=200, help_text="shown to owners; reviewers don't see it")
    kind = models.CharField(max_length=20, choices=CampaignKind.choices, default=CampaignKind.PAIRS)
    baseline = models.ForeignKey(ModelVersion, models.PROTECT, related_name="campaigns_as_baseline")
    candidate = models.ForeignKey(
        ModelVersion, models.PROTECT, related_name="campaigns_as_candidate"
    )
    question = models.TextField(help_text="what reviewers are asked; it names no model")
    reviewers_per_item = models.PositiveSmallIntegerField()
    seed = models.PositiveBigIntegerField(
        help_text="of the orders and the sides: the plan’s, mixed with its hash"
    )
    form = models.JSONField(
        default=dict,
        help_text="the part of the plan that a page needs: steps, dimensions, rationale, flags, …",
    )
    plan = models.JSONField(help_text="items, rule and scale, as fixed before the first deal")
    plan_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical plan")
    state = models.CharField(
        max_length=20, choices=CampaignState.choices, default=CampaignState.OPEN
    )
    ended = models.CharField(
        max_length=200, blank=True, help_text="why it takes no more answers, for people"
    )
    requires = models.JSONField(
        default=list, blank=True, help_text="languages and skills that a reviewer must have"
    )
    invited_only = models.BooleanField(
        default=False, help_text="only who was invited reviews, not every reviewer of the project"
    )
    supersedes = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="superseded_by",
        help_text="the campaign whose plan was changed into this one's",
    )
    unblinded = models.DateTimeField(
        null=True, blank=True, help_text="when an owner had the arms named; nothing changes after"
    )
    events_head = models.CharField(
        max_length=64, blank=True, editable=False, help_text="of the chain of its events"
    )
    sealed = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when its judgments were sealed"
    )
    seal = models.CharField(
        max_length=64, blank=True, editable=False, help_text="SHA-256 of `sealed_as`"
    )
    sealed_as = models.JSONField(
        null=True, blank=True, editable=False, help_text="the heads of all chains at the seal"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    open_pairs: int  # of those that were read `with_open_pairs`
    judged: bool  # of those that were read `with_judged`
    asked: int  # of those that were read `with_counts`, and `given`
    given: int
    active: int  # of those that are `short_of_people`, and `answered`
    answered: datetime.datetime | None

    objects: ClassVar = CampaignQuerySet.as_manager()

    forms_read: ClassVar = ("state", "unblinded")

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "plan_hash"],
                name="campaign_plan",
                violation_error_message="The study has a campaign with this plan.",
            ),
            models.UniqueConstraint(
                fields=["project", "plan_hash"],
                condition=Q(study__isnull=True),
                name="campaign_plan_of_upload",
                violation_error_message="The project has a campaign with this plan.",
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
        return f"Review {self.pk}: {self.name}"

    @property
    def page_form(self) -> Form:
        """What its pages ask, as its type."""
        return validate(Form, self.form)

    @property
    def sealed_plan(self) -> ReviewPlan:
        """The plan as its type; it lists every item, so ask for it once."""
        return validate(ReviewPlan, self.plan)

    @property
    def is_over(self) -> bool:
        """Whether it takes no more answers; what is in flight after an early stop may count."""
        return self.state in OVER

    @property
    def stopped_early(self) -> bool:
        """Whether its rule has ended it before its last judgment. One query."""
        return self.events.filter(kind=EventKind.STOPPED).exists()


class PairKind(models.TextChoices):
    MAIN = "main", "what the campaign is about"
    CONTROL = "control", "two answers of one arm (A/A): neither can be better"
    GOLD = "gold", "the better answer is known"
    PRACTICE = "practice", "for qualifying, with feedback"


class Pair(models.Model):
    """Two answers to one item (or one, to be rated), with as many seats as judgments are wanted.

    In a campaign of several arms `baseline_output` is of the arm that stands earlier in the plan.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="pairs")
    kind = models.CharField(max_length=20, choices=PairKind.choices, default=PairKind.MAIN)
    item = models.ForeignKey(Item, models.PROTECT, related_name="pairs")
    baseline_output = models.ForeignKey(Output, models.PROTECT, related_name="pairs_as_baseline")
    candidate_output = models.ForeignKey(
        Output,
        models.PROTECT,
        null=True,
        related_name="pairs_as_candidate",
        help_text="empty where one answer is rated by itself",
    )
    expected = models.CharField(
        max_length=20, blank=True, help_text="gold and practice: baseline, candidate, tie, both-bad"
    )
    feedback = models.TextField(blank=True, help_text="practice: what the reviewer is told after")
    stratum = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(help_text="place in the plan's random order")
    seats = models.PositiveSmallIntegerField(help_text="judgments that the plan asks for")
    taken = models.PositiveSmallIntegerField(
        default=0, help_text="seats held by a judgment or a lease; claimed by compare-and-set"
    )

    class Meta:
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "kind", "item", "baseline_output", "candidate_output"],
                name="pair_once",
            ),
            models.UniqueConstraint(
                fields=["campaign", "kind", "item", "baseline_output"],
                condition=Q(candidate_output__isnull=True),
                name="answer_once",
            ),
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


class EventKind(models.TextChoices):
    OPENED = "opened", "opened"
    PAUSED = "paused", "paused"
    RESUMED = "resumed", "resumed"
    STOPPED = "stopped", "stopped early by its rule"
    JOINED = "joined", "somebody joined by an invitation"
    VOUCHED = "vouched", "an owner vouched for a reviewer"
    REVIEWER = "reviewer", "a reviewer’s state or quota changed"
    CLOSED = "closed", "closed"
    SEALED = "sealed", "its judgments were sealed"
    UNBLINDED = "unblinded", "unblinded"


class Event(models.Model):
    """Something that was done to a campaign. Rows are added, never changed."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the site itself"
    )
    detail = models.JSONField(default=dict)
    created = models.DateTimeField(db_default=Now(), editable=False)

    reviewer_name: str | None  # on the owner's page, for what was done to a reviewer

    class Meta:
        ordering = ["campaign", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(kind="unblinded"),
                name="event_unblinded_once",
                violation_error_message="The campaign has been unblinded already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.kind}"

"""Who reviews: people in a campaign, and how they were invited."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from evalhub.accounts.models import AnyInvitation, InvitationQuerySet, User
from reviews.models.campaigns import Campaign


class ReviewerState(models.TextChoices):
    PRACTISING = "practising", "practising"
    ACTIVE = "active", "reviewing"
    PAUSED = "paused", "paused by an owner"
    REMOVED = "removed", "not reviewing any more"


NOT_DEALT_BY = (
    "plan",
    "plan_hash",
    "study",
    "name",
    "baseline",
    "candidate",
    "reviewers_per_item",
    "ended",
    "requires",
    "invited_only",
    "supersedes",
    "events_head",
    "sealed",
    "seal",
    "sealed_as",
    "created",
)
"""What of a campaign the pages of its reviewers do without."""

# Written out, since it runs with every judgment.
_OTHERS_SEATED = """(
    SELECT COALESCE(SUM(others.seated), 0) FROM reviews_reviewer others
    WHERE others.campaign_id = reviews_reviewer.campaign_id AND others.id <> reviews_reviewer.id
)"""

_OTHERS = """(
    SELECT COUNT(*) FROM reviews_reviewer others
    WHERE others.campaign_id = reviews_reviewer.campaign_id AND others.id <> reviews_reviewer.id
    AND others.state <> 'removed'
)"""


class ReviewerQuerySet(models.QuerySet["Reviewer"]):
    def with_campaign(self) -> Self:
        """With all that dealing needs of the campaign, which is neither its plan nor its arms.

        Adds `others`, the people who review beside this one, and `others_seated`: the judgments
        in the campaign's seats that aren't this person's.
        """
        return (
            self.select_related("campaign__dealing")
            .defer("tags", *(f"campaign__{name}" for name in NOT_DEALT_BY))
            .annotate(others_seated=RawSQL(_OTHERS_SEATED, []), others=RawSQL(_OTHERS, []))
        )

    def locked(self) -> Self:
        """Locked until the transaction ends, so that one person is never dealt two turns at once.

        Only in campaigns that have been dealt from: `reviews.assignments.assign` begins that.
        """
        dealt = self.with_campaign().filter(campaign__dealing__isnull=False)
        return dealt.select_for_update(of=("self",), no_key=True)


class Reviewer(models.Model):
    """A person in a campaign, from their first turn on; its row is locked while dealing."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="reviewers")
    user = models.ForeignKey(User, models.PROTECT, related_name="reviewing")
    key = models.CharField(
        max_length=150,
        help_text="names this person in all that is drawn for them and in what they said: a "
        "random pseudonym",
    )
    head = models.CharField(
        max_length=64, editable=False, help_text="of the chain of all that this person has said"
    )
    links = models.PositiveIntegerField(
        default=0, editable=False, help_text="rows in that chain: the next one's place"
    )
    ended = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when the campaign's seal ended this"
    )
    state = models.CharField(
        max_length=20, choices=ReviewerState.choices, default=ReviewerState.ACTIVE
    )
    quota = models.PositiveIntegerField(
        null=True, blank=True, help_text="most judgments of this person; empty: no limit"
    )
    tags = models.JSONField(default=list, blank=True, help_text="languages and skills")
    turns = models.PositiveIntegerField(default=0, help_text="assignments dealt so far")
    cursor = models.PositiveIntegerField(
        default=0,
        help_text="place in this person's own order of the pairs: all before was dealt or full",
    )
    laps = models.PositiveSmallIntegerField(
        default=1, help_text="through that order: a second one takes what the first passed over"
    )
    spaced = models.JSONField(
        default=list, blank=True, help_text="items of the last turns, the newest last"
    )
    sealed = models.PositiveIntegerField(
        default=0, help_text="answers of turns before this one can't be undone any more"
    )
    judged = models.PositiveIntegerField(default=0, help_text="answers that stand")
    seated = models.PositiveIntegerField(default=0, help_text="those of them that hold a seat")
    skipped = models.PositiveIntegerField(default=0, help_text="comparisons skipped")
    repeated = models.PositiveIntegerField(default=0, help_text="turns dealt again, sides swapped")
    recent = models.JSONField(
        default=list, blank=True, help_text="seconds that the last answers took, the newest last"
    )
    answered = models.DateTimeField(
        null=True, blank=True, help_text="when the last answer, skip or undo came"
    )

    others: int  # of those that were read `with_campaign`
    others_seated: int  # likewise

    objects: ClassVar = ReviewerQuerySet.as_manager()

    forms_read: ClassVar = ("state", "quota")

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


class Invitation(AnyInvitation):
    """Asks one person to review in a campaign."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="invitations")
    quota = models.PositiveIntegerField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True, help_text="languages and skills")
    reviewer = models.OneToOneField(
        Reviewer, models.PROTECT, null=True, blank=True, related_name="invitation"
    )

    objects: ClassVar = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", field],
                condition=Q(used=None, declined=None) & ~Q(**{field: empty}),
                name=f"invitation_{field}_once",
                violation_error_message="This person has an open invitation to the campaign.",
            )
            for field, empty in (("email", ""), ("account", None))
        ]

    def __str__(self) -> str:
        return f"{self.whom} to campaign {self.campaign_id}"

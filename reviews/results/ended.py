"""Whether a campaign has ended: until then nobody is shown what its judgments favour.

What has ended is sealed: by its last judgment, by who closes it, or by the first look at it.
"""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_owns
from reviews.chain.append import lock_record
from reviews.chain.seal import seal_campaign
from reviews.chain.verify import check_unchanged
from reviews.errors import StillBlindError
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    Pair,
    PairKind,
)


def has_ended(campaign: Campaign) -> bool:
    """Whether nothing more is to come: sealed, closed, or every seat has its judgment."""
    if campaign.seal or campaign.is_over or campaign.unblinded is not None:
        return True
    dealt = Pair.objects.filter(campaign=campaign).exclude(kind=PairKind.PRACTICE)
    leased = Assignment.objects.filter(
        pair__campaign=campaign, state=AssignmentState.LEASED, purpose=AssignmentPurpose.MAIN
    )
    return (
        dealt.exists() and not dealt.filter(taken__lt=F("seats")).exists() and not leased.exists()
    )


def check_ended(campaign: Campaign) -> None:
    """Check before reading judgments: seals a campaign that has ended, else StillBlindError.

    Raises StillBlindError while answers are still to come: who looks then could steer them.
    Raises TamperedError where the record isn't what was recorded.
    """
    end(campaign)
    check_unchanged(campaign)


@transaction.atomic
def end(campaign: Campaign, *, by: User | None = None) -> None:
    """Seals a campaign that has ended; `by` is who looks first, an owner, or None for the site.

    Raises StillBlindError, NotAllowedError.
    """
    if campaign.seal:
        return
    if not has_ended(campaign):
        raise StillBlindError
    check_owns(by, campaign.project, "be the first to open a review’s results, which seals it")
    lock_record(campaign)
    if not has_ended(campaign):  # an answer was taken back meanwhile
        raise StillBlindError
    seal_campaign(campaign)


@transaction.atomic
def end_if_complete(campaign: Campaign) -> None:
    """Seals a campaign that has ended, unless somebody is at a comparison that may still count."""
    current = Campaign.objects.defer("plan").get(pk=campaign.pk)
    if current.seal or not has_ended(current):
        return
    lock_record(current)
    in_flight = Assignment.objects.on_lease().filter(
        reviewer__campaign=current, lease_until__gt=timezone.now()
    )
    if has_ended(current) and not in_flight.exclude(pair__kind=PairKind.PRACTICE).exists():
        seal_campaign(current)

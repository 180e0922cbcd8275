"""Whether a campaign has ended: until then nobody is shown what its judgments favour."""

from django.db.models import F

from reviews.errors import StillBlindError
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    CampaignState,
    Pair,
    PairKind,
)


def has_ended(campaign: Campaign) -> bool:
    """Whether nothing more is to come: closed, unblinded, or every seat has its judgment."""
    if campaign.state == CampaignState.CLOSED or campaign.unblinded is not None:
        return True
    dealt = Pair.objects.filter(campaign=campaign).exclude(kind=PairKind.PRACTICE)
    held = Assignment.objects.filter(
        pair__campaign=campaign, state=AssignmentState.LEASED, purpose=AssignmentPurpose.MAIN
    )
    return dealt.exists() and not dealt.filter(taken__lt=F("seats")).exists() and not held.exists()


def check_ended(campaign: Campaign) -> None:
    """Raises StillBlindError while answers are still to come: who looks then could steer them."""
    if not has_ended(campaign):
        raise StillBlindError

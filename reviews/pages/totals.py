"""Tells a reviewer that the planned total has changed, until they answer a comparison that showed
it."""

from evalhub.accounts.requests import SignedInRequest
from reviews.assignments.progress import Progress
from reviews.models import Campaign

_SEEN = "review-totals"  # in the session: campaign → the total that the last answered page showed


def note_total(request: SignedInRequest, campaign: Campaign) -> None:
    """Notes the total that the page of this answer showed."""
    total, seen = request.POST.get("total", ""), request.session.get(_SEEN, {})
    if total.isdecimal() and len(total) < 10 and seen.get(str(campaign.pk)) != int(total):
        request.session[_SEEN] = seen | {str(campaign.pk): int(total)}


def total_was(request: SignedInRequest, campaign: Campaign, own: Progress) -> int | None:
    """The previous total shown to this person, if it differs. Writes nothing."""
    before: int | None = request.session.get(_SEEN, {}).get(str(campaign.pk))
    return None if before == own.total else before

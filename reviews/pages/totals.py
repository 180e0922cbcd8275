"""A total that changed is said once: the page before had another."""

from evalhub.accounts.requests import SignedInRequest
from reviews.assignments.progress import Progress
from reviews.models import Campaign

_SEEN = "review-totals"  # in the session: campaign → the total that its pages had last


def total_was(request: SignedInRequest, campaign: Campaign, own: Progress) -> int | None:
    """The total that this person saw before, where it was another; asked again, None."""
    seen = request.session.get(_SEEN, {})
    before: int | None = seen.get(str(campaign.pk))
    if before == own.total:
        return None
    request.session[_SEEN] = seen | {str(campaign.pk): own.total}
    return before

"""Unblind a campaign: a recorded act of an owner, after which judgments are final."""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_owns
from reviews.chain.append import add_event, lock_campaign
from reviews.chain.seal import seal_campaign
from reviews.errors import AlreadyUnblindedError
from reviews.models import Campaign, CampaignState, Event, EventKind

WHY = "An owner had the models named."


@transaction.atomic
def unblind(*, campaign: Campaign, by: User) -> Event:
    """Close the campaign for good, seal it and record who had its arms named.

    Raises NotAllowedError, or AlreadyUnblindedError: it happens once.
    """
    check_owns(by, campaign.project, "have the models named")
    locked = lock_campaign(campaign)
    if locked.unblinded is not None:
        raise AlreadyUnblindedError
    if not locked.is_over:
        locked.state, locked.ended = CampaignState.CLOSED, WHY
    locked.unblinded = timezone.now()
    locked.save(update_fields=["unblinded", "state", "ended"])
    seal_campaign(campaign, by=by)
    note(Action.UNBLINDED, by=by, project=locked.project, what=str(locked))
    return add_event(campaign, EventKind.UNBLINDED, by=by)

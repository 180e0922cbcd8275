"""End the blind: one recorded act of an owner, after which nothing is said or changed."""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from reviews.errors import AlreadyUnblindedError, NotOwnerError
from reviews.models import Campaign, CampaignState, Event, EventKind

WHY = "An owner had the models named."


@transaction.atomic
def unblind(*, campaign: Campaign, by: User) -> Event:
    """Close the campaign for good and record who had its arms named.

    Raises NotOwnerError, or AlreadyUnblindedError: it happens once.
    """
    if not Project.objects.owned_by(by).filter(pk=campaign.project_id).exists():
        raise NotOwnerError
    locked = Campaign.objects.select_for_update().defer("plan").get(pk=campaign.pk)
    if locked.unblinded is not None:
        raise AlreadyUnblindedError
    campaign.unblinded = locked.unblinded = timezone.now()
    campaign.state = locked.state = CampaignState.CLOSED
    campaign.ended = locked.ended = locked.ended or WHY
    locked.save(update_fields=["unblinded", "state", "ended"])
    note(Action.UNBLINDED, by=by, project=locked.project, what=str(locked))
    return Event.objects.create(campaign=locked, kind=EventKind.UNBLINDED, by=by)

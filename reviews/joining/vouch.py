"""An owner vouches by name for a reviewer whose account a link made: so that what they say counts.

Whoever made the link could have opened it, and vouches for nobody who came by it.
"""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.members import confirm_person
from evalhub.accounts.models import Action, Membership, Provenance, User
from evalhub.accounts.permissions import check_manages
from reviews.chain.append import add_event, lock_campaign
from reviews.chain.identities import Identity, identities
from reviews.errors import CampaignEndedError, VouchError
from reviews.models import OVER, Campaign, EventKind, Reviewer


@transaction.atomic
def vouch(*, campaign: Campaign, whom: str, by: User) -> Reviewer:
    """`by` confirms that this reviewer is a different person, whom they know.

    It stands in the review's chain and in the audit log; vouching again changes nothing.

    Raises:
        NotAllowedError: `by` doesn't own the project.
        VouchError: nobody of that name reviews here, they need nobody's word, or `by` made the
            link by which they came.
        CampaignEndedError: the review has ended.
    """
    check_manages(by, campaign.project)
    if lock_campaign(campaign).is_over or campaign.seal:
        raise CampaignEndedError
    reviewer = campaign.reviewers.select_related("user").filter(user__username=whom).first()
    if reviewer is None:
        raise VouchError(f"Nobody called {whom} reviews here.")
    identity = identities(campaign)[reviewer.pk]
    if identity.link_by is None or identity.ground in ("provider", "mail"):
        raise VouchError(f"Whose account {whom} is, is known already: their judgments count.")
    if by.pk == identity.link_by:
        raise VouchError(
            f"You made the link by which {whom} came, and could have opened it: another owner "
            "vouches for them."
        )
    if by == reviewer.user:
        raise VouchError("Nobody vouches for themselves.")
    _record(campaign, identity, by)
    provenance = Provenance.objects.confirmable_by(by).filter(user=reviewer.user)
    provenance.filter(project=campaign.project_id).update(confirmed=timezone.now(), confirmed_by=by)
    what = f"in {campaign}"
    note(Action.CONFIRMED, by=by, about=reviewer.user, project=campaign.project, what=what)
    return reviewer


@transaction.atomic
def confirm_member(*, membership: Membership, by: User) -> None:
    """As `confirm_person`; also recorded in the chains of the member's running reviews.

    Raises as `confirm_person`.
    """
    confirm_person(membership=membership, by=by)
    rows = Reviewer.objects.filter(user=membership.user, campaign__project=membership.project_id)
    running = rows.filter(campaign__seal="").exclude(campaign__state__in=OVER)
    for reviewer in running.select_related("campaign").order_by("campaign"):
        lock_campaign(reviewer.campaign)
        identity = identities(reviewer.campaign)[reviewer.pk]
        if identity.link_by not in (None, by.pk):
            _record(reviewer.campaign, identity, by)


def _record(campaign: Campaign, identity: Identity, by: User) -> None:
    same = campaign.events.filter(kind=EventKind.VOUCHED, by=by)
    if identity.key not in {each.detail["reviewer"] for each in same}:
        add_event(campaign, EventKind.VOUCHED, by=by, reviewer=identity.key)

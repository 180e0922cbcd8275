"""Who may judge in a campaign: members who review, and have never seen which model is which."""

from django.db.models import Exists, OuterRef

from evalhub.accounts.models import Exposure, Membership, Role, User
from reviews.errors import NotInvitedError, UnblindedError
from reviews.models import Campaign


def admit(*, campaign: Campaign, user: User) -> None:
    """Raises NotInvitedError or UnblindedError unless this person may judge here. One query.

    Owners, evaluators and whoever administers the site know the arms, and so does everybody who
    was one of them or was shown results once: an Exposure outlives the role.
    """
    if user.is_staff or user.is_superuser:
        raise UnblindedError
    exposures = Exposure.objects.filter(project=OuterRef("project"), user=OuterRef("user"))
    member = (
        Membership.objects.filter(project=campaign.project_id, user=user)
        .order_by()
        .values_list("role", Exists(exposures))
        .first()
    )
    if member is None:
        raise NotInvitedError
    if member != (Role.REVIEWER, False):
        raise UnblindedError

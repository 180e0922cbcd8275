"""Who may judge in a campaign: members who review, and have never seen which model is which."""

import secrets
from collections.abc import Sequence

from django.db import connection

from evalhub.accounts.models import Role, User
from reviews.chain.links import start
from reviews.errors import InvitedOnlyError, NotInvitedError, UnblindedError
from reviews.models import Campaign, PairKind, Reviewer, ReviewerState

# Written out, since it runs with every judgment: building it takes longer than running it.
_MEMBER = """
    SELECT role, EXISTS (
        SELECT 1 FROM accounts_resultsseen
        WHERE project_id = accounts_membership.project_id
        AND user_id = accounts_membership.user_id
    ) FROM accounts_membership WHERE project_id = %s AND user_id = %s"""


def admit(*, campaign: Campaign, user: User) -> None:
    """Raises NotInvitedError or UnblindedError unless this person may judge here. One query.

    Owners, evaluators and whoever administers the site know the arms, and so does everybody who
    was one of them or was shown results once: a ResultsSeen row outlives the role.
    """
    if user.is_staff or user.is_superuser:
        raise UnblindedError
    with connection.cursor() as cursor:
        cursor.execute(_MEMBER, [campaign.project_id, user.pk])
        member = cursor.fetchone()
    if member is None:
        raise NotInvitedError
    role, exposed = member
    if role != Role.REVIEWER or exposed:
        raise UnblindedError


def join(*, campaign: Campaign, user: User) -> Reviewer:
    """The person's Reviewer row in the campaign, created at their first turn.

    Whoever has practice pairs before them begins with those. Raises InvitedOnlyError where only
    an invitation makes a place, as it does where reviewers need a language or a skill: an owner
    vouches for it.
    """
    reviewer = Reviewer.objects.filter(campaign=campaign, user=user).first()
    if reviewer is not None:
        return reviewer
    if campaign.invited_only or campaign.requires:
        raise InvitedOnlyError
    return add_reviewer(campaign=campaign, user=user)


def add_reviewer(
    *, campaign: Campaign, user: User, quota: int | None = None, tags: Sequence[str] = ()
) -> Reviewer:
    """The person's row, made where there is none; practising first where there is practice."""
    key = new_pseudonym()
    practice = campaign.pairs.filter(kind=PairKind.PRACTICE).exists()
    reviewer, _ = Reviewer.objects.get_or_create(
        campaign=campaign,
        user=user,
        defaults={
            "key": key,
            "head": start(campaign.plan_hash, key),
            "state": ReviewerState.PRACTISING if practice else ReviewerState.ACTIVE,
            "quota": quota,
            "tags": list(tags),
        },
    )
    return reviewer


def new_pseudonym() -> str:
    """A new pseudonym for sides, orders and judgments, from which nobody can tell the person."""
    return f"r-{secrets.token_hex(8)}"

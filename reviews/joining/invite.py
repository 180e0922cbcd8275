"""Invitations: a signed link by which one person joins a campaign once."""

import datetime
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.signing import BadSignature, Signer
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Membership, ResultsSeen, Role, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.schemas.review import checked_tags
from reviews.errors import CampaignEndedError, InvitationError, UnblindedError
from reviews.joining.admit import add_reviewer
from reviews.models import Campaign, Invitation, Reviewer

LASTS_DAYS = 14
_SALT = "reviews.invite"

SUBJECT = "You are asked to compare some answers"
BODY = """Hello{name},

{by} asks you to compare answers, two at a time, and to say which is better:

    {question}

Begin here. The link is for you alone, works once, and ends on {expires}:

{url}
"""


@transaction.atomic
def invite(
    *,
    campaign: Campaign,
    email: str,
    by: User,
    name: str = "",
    quota: int | None = None,
    tags: Sequence[str] = (),
    days: int = LASTS_DAYS,
) -> Invitation:
    """An invitation that lasts `days` days. An open one to the same address is renewed: its
    earlier link ends.

    Raises InvitationError for an address that can't be, somebody who reviews here already, or
    tags that the campaign requires and that aren't given; UnblindedError for somebody who has
    seen the arms' names; CampaignEndedError; NotAllowedError where `by` doesn't evaluate in the
    project.
    """
    check_evaluates(by, campaign.project)
    if campaign.is_over or campaign.unblinded is not None:
        raise CampaignEndedError
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvitationError(f"“{email}” isn't a mail address.") from None
    if not 1 <= days <= 90:
        raise InvitationError("An invitation lasts 1 to 90 days.")
    if quota is not None and quota < 1:
        raise InvitationError("A quota is 1 or more comparisons.")
    try:
        has = checked_tags(tags)
    except ValueError as error:
        raise InvitationError(str(error)) from error
    if missing := sorted(set(campaign.requires) - set(has)):
        raise InvitationError(f"This review needs reviewers with: {', '.join(missing)}.")
    for person in User.objects.filter(email__iexact=email):
        if Reviewer.objects.filter(campaign=campaign, user=person).exists():
            raise InvitationError(f"{email} is a reviewer of this review already.")
        refuse_who_has_seen(campaign, person)
    Invitation.objects.filter(campaign=campaign, email=email, used=None).delete()
    note(Action.INVITED, by=by, project=campaign.project, what=f"to {campaign}")
    return Invitation.objects.create(
        campaign=campaign,
        email=email,
        name=name.strip()[:150],
        quota=quota,
        tags=list(has),
        by=by,
        expires=timezone.now() + datetime.timedelta(days=days),
    )


def invitation_path(invitation: Invitation) -> str:
    """Where the invited person joins. Whoever has this path is that person."""
    token = Signer(salt=_SALT).sign(str(invitation.token))
    return reverse("reviews:join", args=[token])


def mail_invitation(*, invitation: Invitation, url: str) -> None:
    """Sends the link. Raises OSError (smtplib's errors are among them) where it can't be sent."""
    send_mail(
        SUBJECT,
        BODY.format(
            name=f" {invitation.name}" if invitation.name else "",
            by=invitation.by.get_full_name() or invitation.by.get_username(),
            question=invitation.campaign.question,
            expires=f"{invitation.expires:%-d %B %Y}",
            url=url,
        ),
        None,
        [invitation.email],
    )


def invitation_of(token: str) -> Invitation:
    """The open invitation of a link. Raises InvitationError, whose message says what to do."""
    return _open_invitation(token, lock=False)


@transaction.atomic
def accept(*, token: str, user: User | None, password: str = "") -> User:
    """Uses an invitation up: its person becomes a reviewer of the project and of the campaign.

    `user` is who is signed in, if anyone; else an account is made for the address that was
    invited, with `password` where one is given. An account that has a password, or any other
    part in the site, is never entered by a link: its person signs in first.

    Returns the person, to be signed in. Raises InvitationError, UnblindedError,
    CampaignEndedError; the invitation stays open then.
    """
    invitation = _open_invitation(token, lock=True)
    campaign = invitation.campaign
    if campaign.is_over or campaign.unblinded is not None:
        raise CampaignEndedError
    person = user or _account(invitation, password)
    refuse_who_has_seen(campaign, person)
    if Invitation.objects.filter(reviewer__campaign=campaign, reviewer__user=person).exists():
        raise InvitationError("You have joined this review already, by another invitation.")
    Membership.objects.get_or_create(
        project=campaign.project, user=person, defaults={"role": Role.REVIEWER}
    )
    invitation.reviewer = add_reviewer(
        campaign=campaign, user=person, quota=invitation.quota, tags=invitation.tags
    )
    invitation.used = timezone.now()
    invitation.save(update_fields=["reviewer", "used"])
    note(Action.INVITATION_USED, by=person, project=campaign.project, what=f"to {campaign}")
    return person


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User) -> None:
    """Ends an open invitation's link; one that was used stays as it is. Raises NotAllowedError."""
    check_evaluates(by, invitation.campaign.project)
    campaign = invitation.campaign
    if Invitation.objects.filter(pk=invitation.pk, used=None).delete()[0]:
        note(Action.INVITATION_WITHDRAWN, by=by, project=campaign.project, what=f"to {campaign}")


def refuse_who_has_seen(campaign: Campaign, user: User) -> None:
    """Raises UnblindedError for whoever knows, or may know, which model is which."""
    knows = Membership.objects.filter(project=campaign.project_id, user=user).exclude(
        role=Role.REVIEWER
    )
    seen = ResultsSeen.objects.filter(project=campaign.project_id, user=user)
    if user.is_staff or user.is_superuser or knows.exists() or seen.exists():
        raise UnblindedError


def _open_invitation(token: str, *, lock: bool) -> Invitation:
    try:
        uuid = Signer(salt=_SALT).unsign(token)
    except BadSignature:
        raise InvitationError("This link is damaged. Copy the whole of it.") from None
    rows = Invitation.objects.filter(token=uuid)
    rows = rows.select_for_update(of=("self",)) if lock else rows
    invitation = rows.select_related("campaign__project", "by").defer("campaign__plan").first()
    if invitation is None:
        raise InvitationError("This invitation was withdrawn or renewed. Ask for a new link.")
    if invitation.used is not None:
        raise InvitationError("This invitation has been used: it works once.")
    if invitation.expires < timezone.now():
        raise InvitationError("This invitation has ended. Ask for a new link.")
    return invitation


def _account(invitation: Invitation, password: str) -> User:
    """The invited address's account, made where there is none."""
    account = User.objects.filter(email__iexact=invitation.email).first()
    account = account or User.objects.filter(username__iexact=invitation.email).first()
    if account is None:
        return User.objects.create_user(
            invitation.email, invitation.email, password or None, first_name=invitation.name
        )
    elsewhere = Membership.objects.filter(user=account).exclude(
        project=invitation.campaign.project_id, role=Role.REVIEWER
    )
    if (
        account.has_usable_password()
        or account.is_staff
        or elsewhere.exists()
        or not account.is_active
    ):
        raise InvitationError(
            f"There is an account for {invitation.email} already. Sign in, and open the link again."
        )
    return account

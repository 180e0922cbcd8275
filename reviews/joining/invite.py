"""Invitations to a campaign: by a link to an address, into the list of whoever has an account.

A link makes a new account, once. It enters none that is there, so whoever can see it, its inviter
among them, can be nobody else by it (see evalhub.accounts.invitations).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.invitations import (
    LASTS_DAYS,
    Invitee,
    MembershipError,
    check_no_account,
    digest_of_token,
    expiry,
    invitee,
    make_account,
    new_token,
    open_invitations_of,
    open_one,
)
from evalhub.accounts.models import (
    Action,
    InvitationQuerySet,
    Membership,
    Project,
    ResultsSeen,
    Role,
    User,
)
from evalhub.accounts.permissions import check_evaluates, owns
from evalhub.accounts.results_seen import set_role
from evalhub.declare.review import normalise_tags
from reviews.chain.append import add_event
from reviews.errors import CampaignEndedError, InvitationError, UnblindedError
from reviews.joining.admit import add_reviewer
from reviews.models import (
    Campaign,
    EventKind,
    Invitation,
    Judgment,
    Reviewer,
)

SUBJECT = "You are asked to compare some answers"
BODY = """Hello{name},

{by} asks you to compare answers, two at a time, and to say which is better:

    {question}

{begin}

{url}
"""
BY_LINK = "Begin here. The link is for you alone, works once, and ends on {expires}:"
SIGNED_IN = "Sign in as you always do; the invitation stands there until {expires}:"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was just made, and the only sight of its link.

    `path` is the link's where it makes an account, and that of the person's own list else.
    """

    invitation: Invitation
    path: str

    @property
    def by_link(self) -> bool:
        return self.invitation.account is None


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
    names_them: bool = True,
) -> Invited:
    """An invitation that lasts `days` days. An open one to the same person is renewed: its
    earlier link ends. `email` is a mail address or, of somebody with an account, a user name.

    An owner's invitation says who the person is (`reviews.chain.identities`), unless `names_them`
    is false: by a token that isn't for managing people.

    Raises InvitationError for an address that can't be, somebody who reviews here already, has
    judged before where `by` is no owner, or whose account may be another's, and for tags that the
    campaign requires and that aren't given; UnblindedError for somebody who has seen the arms'
    names; CampaignEndedError; NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, campaign.project)
    if campaign.is_over or campaign.unblinded is not None:
        raise CampaignEndedError
    if quota is not None and quota < 1:
        raise InvitationError("A quota is 1 or more comparisons.")
    try:
        has = normalise_tags(tags)
        expires = expiry(days)
        whom = invitee(email, project=campaign.project)
    except (ValueError, MembershipError) as error:
        raise InvitationError(str(error)) from error
    if missing := sorted(set(campaign.requires) - set(has)):
        raise InvitationError(f"This review needs reviewers with: {', '.join(missing)}.")
    _check_invitable(campaign, whom, by)
    open_invitations_of(Invitation.objects.unanswered().filter(campaign=campaign), whom).delete()
    token = new_token(whom)
    invitation = Invitation.objects.create(
        campaign=campaign,
        **whom.columns,
        digest=digest_of_token(token),
        name=name.strip()[:150],
        quota=quota,
        tags=list(has),
        by=by,
        by_owner=names_them and (by.is_superuser or owns(by, campaign.project)),
        expires=expires,
    )
    _note(Action.INVITED, invitation, by=by, about=whom.account)
    path = reverse("reviews:join", args=[token]) if token else reverse("reviews:home")
    return Invited(invitation, path)


def mail_invitation(*, invited: Invited, url: str) -> bool:
    """Sends it with the absolute address `url` of its path; False where there is no mail address.

    Nobody but the person has seen the link then, as long as nobody shows it.
    Raises OSError (smtplib's errors are among them) where it can't be sent.
    """
    invitation = invited.invitation
    to = invitation.account.email if invitation.account else invitation.email
    if not to:
        return False
    begin = BY_LINK if invited.by_link else SIGNED_IN
    text = BODY.format(
        name=f" {invitation.name}" if invitation.name else "",
        by=invitation.inviter,
        question=invitation.campaign.question,
        begin=begin.format(expires=f"{invitation.expires:%-d %B %Y}"),
        url=url,
    )
    send_mail(SUBJECT, text, None, [to])
    Invitation.objects.filter(pk=invitation.pk).update(shown=False)
    return True


def invitation_of(token: str) -> Invitation:
    """The open invitation of a link, whose address is still nobody's.

    Raises InvitationError, whose message says what to do.
    """
    return _open_invitation(token, lock=False)


@transaction.atomic
def accept(*, token: str, user: User | None = None, password: str = "") -> User:
    """Uses a link up: a new account for the address that was invited, with `password` where one
    is given, becomes a reviewer of the project and of the campaign.

    Returns the person, to be signed in. Raises InvitationError where there is an account for the
    address by now, or where `user` is signed in; CampaignEndedError. The invitation stays open.
    """
    invitation = _open_invitation(token, lock=True)
    if user is not None:
        raise InvitationError(
            f"You are signed in as {user}. This link makes a new account, for {invitation.email}: "
            "sign out to use it, or ask to be invited under your own name."
        )
    _check_goes_on(invitation.campaign)
    project = invitation.campaign.project
    try:
        person = make_account(invitation=invitation, project=project, password=password)
    except MembershipError as error:
        raise InvitationError(str(error)) from error
    _use(invitation, person)
    return person


@transaction.atomic
def accept_own(*, invitation: Invitation, user: User) -> Reviewer:
    """Accept an invitation in one's own list.

    Raises InvitationError for what doesn't, UnblindedError, CampaignEndedError.
    """
    own = _own(invitation, user)
    _check_goes_on(own.campaign)
    refuse_who_has_seen(own.campaign, user)
    return _use(own, user)


@transaction.atomic
def decline(*, invitation: Invitation, user: User) -> None:
    """Decline an invitation in one's own list. Raises InvitationError for one that isn't there."""
    own = _own(invitation, user)
    own.declined = timezone.now()
    own.save(update_fields=["declined"])
    _note(Action.INVITATION_REFUSED, own, by=user)


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User) -> None:
    """Ends an open invitation; one that was used stays as it is. Raises NotAllowedError."""
    check_evaluates(by, invitation.campaign.project)
    if Invitation.objects.unanswered().filter(pk=invitation.pk).delete()[0]:
        _note(Action.INVITATION_WITHDRAWN, invitation, by=by, about=invitation.account)


def refuse_who_has_seen(campaign: Campaign, user: User) -> None:
    """Raises UnblindedError for whoever knows, or may know, which model is which."""
    knows = Membership.objects.filter(project=campaign.project_id, user=user).exclude(
        role=Role.REVIEWER
    )
    seen = ResultsSeen.objects.filter(project=campaign.project_id, user=user)
    if user.is_staff or user.is_superuser or knows.exists() or seen.exists():
        raise UnblindedError


def _check_invitable(campaign: Campaign, whom: Invitee, by: User) -> None:
    person = whom.account
    if person is None:
        return
    if Reviewer.objects.filter(campaign=campaign, user=person).exists():
        raise InvitationError(f"{person} is a reviewer of this review already.")
    refuse_who_has_seen(campaign, person)
    judged = Judgment.objects.filter(assignment__reviewer__user=person).exists()
    if judged and not Project.objects.owned_by(by).filter(pk=campaign.project_id).exists():
        raise InvitationError(
            f"{person} has judged answers before: only an owner of the project invites them."
        )


def _check_goes_on(campaign: Campaign) -> None:
    if campaign.is_over or campaign.unblinded is not None:
        raise CampaignEndedError


def _use(invitation: Invitation, person: User) -> Reviewer:
    campaign = invitation.campaign
    if not Membership.objects.filter(project=campaign.project_id, user=person).exists():
        set_role(project=campaign.project, user=person, role=Role.REVIEWER, by=invitation.by)
    reviewer = add_reviewer(
        campaign=campaign, user=person, quota=invitation.quota, tags=invitation.tags
    )
    invitation.reviewer, invitation.used = reviewer, timezone.now()
    invitation.save(update_fields=["reviewer", "used"])
    new = invitation.account is None
    add_event(campaign, EventKind.JOINED, by=person, reviewer=reviewer.pk, new_account=new)
    _note(Action.INVITATION_USED, invitation, by=person)
    return reviewer


def _note(action: Action, invitation: Invitation, *, by: User, about: User | None = None) -> None:
    campaign = invitation.campaign
    what = f"to {campaign} (invitation {invitation.pk})"
    note(action, by=by, about=about, project=campaign.project, what=what)


def _own(invitation: Invitation, user: User) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",)).filter(account=user)
    return _open_one_of(rows, pk=invitation.pk)


def _open_invitation(token: str, *, lock: bool) -> Invitation:
    rows = Invitation.objects.filter(account=None)
    rows = rows.select_for_update(of=("self",)) if lock else rows
    invitation = _open_one_of(rows, digest=digest_of_token(token) or "-")
    try:
        check_no_account(invitation)
    except MembershipError as error:
        raise InvitationError(str(error)) from error
    return invitation


def _open_one_of(rows: "InvitationQuerySet[Invitation]", **which: object) -> Invitation:
    invitations = rows.select_related("campaign__project", "by").defer("campaign__plan")
    try:
        return open_one(invitations.filter(**which).first())
    except MembershipError as error:
        raise InvitationError(str(error)) from error

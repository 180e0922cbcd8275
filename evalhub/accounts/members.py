"""An owner's verbs on the members of a project, and the answers of those who were invited.

Each raises NotAllowedError where `by` doesn't own the project. Superusers may what owners may.
"""

from dataclasses import dataclass

from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.invitations import (
    LASTS_DAYS,
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
    MemberInvitation,
    Membership,
    Project,
    Provenance,
    Role,
    User,
)
from evalhub.accounts.permissions import check_manages
from evalhub.accounts.results_seen import set_role

BY_PROVIDER = ", by the identity provider’s groups"
RANK = {Role.REVIEWER: 0, Role.EVALUATOR: 1, Role.OWNER: 2}

SUBJECT = "You are invited to {project}"
BODY = """Hello,

{by} invites you to be {role} of {project}. {begin}, until {expires}:

{url}
"""


@dataclass(frozen=True, slots=True)
class InvitedMember:
    """An invitation that was just made, and the only sight of its link."""

    invitation: MemberInvitation
    path: str

    @property
    def by_link(self) -> bool:
        return self.invitation.account is None


@transaction.atomic
def invite_member(
    *, project: Project, whom: str, role: Role, by: User, days: int = LASTS_DAYS
) -> InvitedMember:
    """Asks whoever `whom` means, by user name or mail address, to be a member with this role.

    Who has an account finds it in their own list; an address without one gets a link that makes
    an account, once. An open invitation of the same person is renewed: its earlier link ends.

    Raises MembershipError for an address that can't be, or a member.
    """
    check_manages(by, project)
    try:
        guest = invitee(whom, project=project)
    except ValueError as error:
        raise MembershipError(str(error)) from error
    if guest.account and project.memberships.filter(user=guest.account).exists():
        raise MembershipError(f"{guest.account} is a member already: change the role instead.")
    open_invitations_of(
        MemberInvitation.objects.unanswered().filter(project=project), guest
    ).delete()
    token = new_token(guest)
    invitation = MemberInvitation.objects.create(
        project=project,
        role=role,
        **guest.columns,
        digest=digest_of_token(token),
        by=by,
        by_owner=True,
        expires=expiry(days),
    )
    _note(Action.INVITED, invitation, by=by, about=guest.account)
    path = reverse("accounts:join", args=[token]) if token else reverse("reviews:home")
    return InvitedMember(invitation, path)


def mail_member_invitation(*, invited: InvitedMember, url: str) -> bool:
    """Sends it with the absolute address `url` of its path; False where there is no mail address.

    Raises OSError where it can't be sent.
    """
    invitation = invited.invitation
    to = invitation.account.email if invitation.account else invitation.email
    if not to:
        return False
    begin = "This link makes your account, once" if invited.by_link else "Sign in to answer"
    text = BODY.format(
        by=invitation.inviter,
        role=f"{'a' if invitation.role == Role.REVIEWER else 'an'} {invitation.role}",
        project=invitation.project.name,
        begin=begin,
        expires=f"{invitation.expires:%-d %B %Y}",
        url=url,
    )
    send_mail(SUBJECT.format(project=invitation.project.name), text, None, [to])
    MemberInvitation.objects.filter(pk=invitation.pk).update(shown=False)
    return True


def member_invitation_of(token: str) -> MemberInvitation:
    """The open invitation of a link, whose address is still nobody's. Raises MembershipError."""
    rows = MemberInvitation.objects.select_related("project", "by")
    invitation = open_one(rows.filter(account=None, digest=digest_of_token(token) or "-").first())
    check_no_account(invitation)
    return invitation


@transaction.atomic
def join_project(*, token: str, user: User | None = None, password: str = "") -> User:
    """Uses a link up: a new account for its address becomes a member. Raises MembershipError."""
    locked = MemberInvitation.objects.select_for_update(of=("self",))
    locked.filter(digest=digest_of_token(token) or "-").first()
    invitation = member_invitation_of(token)
    if user is not None:
        raise MembershipError(
            f"You are signed in as {user}. This link makes a new account, for {invitation.email}: "
            "sign out to use it, or ask to be invited under your own name."
        )
    person = make_account(invitation=invitation, project=invitation.project, password=password)
    _use(invitation, person)
    return person


@transaction.atomic
def accept_membership(*, invitation: MemberInvitation, user: User) -> None:
    """Accepts what waits in this person's own list. Raises MembershipError for what doesn't."""
    _use(_own(invitation, user), user)


@transaction.atomic
def decline_membership(*, invitation: MemberInvitation, user: User) -> None:
    """Takes it off this person's own list. Raises MembershipError for what isn't there."""
    own = _own(invitation, user)
    own.declined = timezone.now()
    own.save(update_fields=["declined"])
    _note(Action.INVITATION_REFUSED, own, by=user)


@transaction.atomic
def withdraw_membership(*, invitation: MemberInvitation, by: User) -> None:
    """Ends an open invitation; one that was used stays as it is."""
    check_manages(by, invitation.project)
    if MemberInvitation.objects.unanswered().filter(pk=invitation.pk).delete()[0]:
        _note(Action.INVITATION_WITHDRAWN, invitation, by=by, about=invitation.account)


@transaction.atomic
def change_role(*, membership: Membership, role: Role, by: User) -> None:
    """Gives a member another role; what they have seen, they have seen.

    Raises MembershipError where it would leave no owner, or where they would raise themselves.
    """
    check_manages(by, membership.project)
    current = _lock_membership(membership)
    if by == current.user and RANK[role] > RANK[Role(current.role)]:
        raise MembershipError("Nobody gives themselves a higher role: ask another owner.")
    if role != Role.OWNER:
        _check_another_owner(current)
        _withdraw_what_they_asked(current)
    set_role(project=current.project, user=current.user, role=role, by=by)


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """Ends a membership; what the person said and saw is kept.

    Raises MembershipError where it would leave no owner.
    """
    check_manages(by, membership.project)
    current = _lock_membership(membership)
    _check_another_owner(current)
    _withdraw_what_they_asked(current)
    note(
        Action.MEMBER_REMOVED, by=by, about=current.user, project=current.project, what=current.role
    )
    current.delete()


@transaction.atomic
def follow_provider(*, project: Project, user: User, role: Role | None) -> None:
    """Gives a person the role in a project that the identity provider's groups give, or ends their
    membership (None). Without a change nothing is noted.

    Raises MembershipError where it would leave no owner.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    rows = Membership.objects.select_related("project", "user")
    membership = rows.filter(project=project, user=user).first()
    if membership is not None and role != membership.role == Role.OWNER:
        _check_another_owner(membership)
        _withdraw_what_they_asked(membership)
    if role is not None:
        set_role(project=project, user=user, role=role, why=BY_PROVIDER)
    elif membership is not None:
        what = f"{membership.role}{BY_PROVIDER}"
        note(Action.MEMBER_REMOVED, by=None, about=user, project=project, what=what)
        membership.delete()


@transaction.atomic
def confirm_person(*, membership: Membership, by: User) -> None:
    """An owner says that the account that a link made is the person's for whom it was meant.

    Nobody says it of themselves. Confirming again is harmless. Raises MembershipError.
    """
    check_manages(by, membership.project)
    if by == membership.user:
        raise MembershipError("Another owner has to confirm your account.")
    rows = Provenance.objects.confirmable_by(by).filter(user=membership.user)
    if rows.update(confirmed=timezone.now(), confirmed_by=by):
        note(Action.CONFIRMED, by=by, about=membership.user, project=membership.project)


def _lock_membership(membership: Membership) -> Membership:
    """The membership as it is now, while nobody else changes any of the project's."""
    Project.objects.select_for_update().get(pk=membership.project_id)
    current = Membership.objects.select_related("project", "user").filter(pk=membership.pk).first()
    if current is None:
        raise MembershipError("This person isn't a member any more.")
    return current


def _check_another_owner(membership: Membership) -> None:
    others = Membership.objects.filter(project=membership.project, role=Role.OWNER).exclude(
        pk=membership.pk
    )
    if membership.role == Role.OWNER and not others.filter(user__is_active=True).exists():
        raise MembershipError(
            f"{membership.user} is the only owner of {membership.project.name}: "
            "make somebody else one first."
        )


def _withdraw_what_they_asked(membership: Membership) -> None:
    """Withdraw the open invitations of a former owner: they make nobody a member any more."""
    MemberInvitation.objects.unanswered().filter(
        project=membership.project, by=membership.user
    ).delete()


def _own(invitation: MemberInvitation, user: User) -> MemberInvitation:
    rows = MemberInvitation.objects.select_for_update(of=("self",)).filter(account=user)
    return open_one(rows.select_related("project", "by").filter(pk=invitation.pk).first())


def _use(invitation: MemberInvitation, person: User) -> None:
    if not Membership.objects.filter(project=invitation.project, user=person).exists():
        role = Role(invitation.role)
        set_role(project=invitation.project, user=person, role=role, by=invitation.by)
    invitation.used = timezone.now()
    invitation.save(update_fields=["used"])
    _note(Action.INVITATION_USED, invitation, by=person)


def _note(
    action: Action, invitation: MemberInvitation, *, by: User, about: User | None = None
) -> None:
    what = f"to be {invitation.role} (invitation {invitation.pk})"
    note(action, by=by, about=about, project=invitation.project, what=what)

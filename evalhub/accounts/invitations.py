"""What all invitations share: whom one is for, its link where it has one, the account it makes.

A link that its inviter can see never enters an account that is there: who has one finds the
invitation in their own list, after signing in by their own means.
"""

import datetime
import hashlib
import secrets
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evalhub.accounts.models import AnyInvitation, Project, Provenance, User
from evalhub.accounts.whose import account_of, account_of_mailbox, mailbox, normalise_address

LASTS_DAYS = 14
GONE = "This invitation was withdrawn, renewed or used, or its link is damaged. Ask for another."


class MembershipError(Exception):
    """What can't be done with a member or an invitation; the message says why."""


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom an invitation is for: an account that is there, or an address without one."""

    account: User | None
    email: str = ""

    @property
    def columns(self) -> dict[str, object]:
        """Columns that identify an invitation: in a project or campaign at most one is open."""
        return {"account": self.account, "email": self.email}


def invitee(whom: str, *, project: Project) -> Invitee:
    """Whom a user name or a mail address means. One mailbox is one person, whatever its +tag.

    Raises:
        evalhub.accounts.whose.AddressError: it is no mail address and nobody's name, or it means
            several accounts.
        MembershipError: its account was made by another project's link, and nobody has confirmed
            whose it is; or it can't sign in any more.
    """
    account = account_of(whom) or account_of_mailbox(whom)
    if account is None:
        return Invitee(None, normalise_address(whom))
    if not account.is_active:
        raise MembershipError(f"{account} can't sign in here any more.")
    confirmed_elsewhere = (
        Provenance.objects.unconfirmed().filter(user=account).exclude(project=project).first()
    )
    if confirmed_elsewhere is not None:
        raise MembershipError(
            f"The account of {account} was made by a link that somebody else could have opened. An "
            f"owner of {confirmed_elsewhere.project} confirms under Members whose it is; then it "
            "can be invited."
        )
    return Invitee(account)


def open_invitations_of[M: AnyInvitation](rows: QuerySet[M], whom: Invitee) -> QuerySet[M]:
    """Of invitations that nobody has answered, those to this person: by their mailbox, where there
    is no account."""
    if whom.account is not None:
        return rows.filter(account=whom.account)
    own = mailbox(whom.email)
    addresses = rows.filter(account=None).values_list("pk", "email")
    return rows.filter(pk__in=[pk for pk, email in addresses if mailbox(email) == own])


def expiry(days: int) -> datetime.datetime:
    """When an invitation ends. Raises MembershipError for what isn't 1 to 90 days."""
    if not 1 <= days <= 90:
        raise MembershipError("An invitation lasts 1 to 90 days.")
    return timezone.now() + datetime.timedelta(days=days)


def new_token(whom: Invitee) -> str:
    """A random token for an address without account; none for an account."""
    return secrets.token_urlsafe(32) if whom.account is None else ""


def digest_of_token(token: str) -> str | None:
    return hashlib.sha256(token.encode()).hexdigest() if token else None


def open_one[I: AnyInvitation](invitation: I | None) -> I:
    """The invitation, if it can be accepted. Raises MembershipError, which says what to do."""
    if invitation is None or invitation.used is not None or invitation.declined is not None:
        raise MembershipError(GONE)
    if invitation.expires <= timezone.now():
        raise MembershipError("This invitation has ended. Ask for another.")
    return invitation


@transaction.atomic
def make_account(*, invitation: AnyInvitation, project: Project, password: str) -> User:
    """The new account that an invitation's link makes for its address.

    Raises MembershipError where there is an account with that name or address by now: no link
    enters it.
    """
    check_no_account(invitation)
    user = User.objects.create_user(
        invitation.email, invitation.email, password or None, first_name=invitation.name
    )
    confirmed = None if invitation.shown else timezone.now()
    Provenance.objects.create(
        user=user,
        project=project,
        by=invitation.by,
        by_owner=invitation.by_owner,
        confirmed=confirmed,
    )
    return user


def check_no_account(invitation: AnyInvitation) -> None:
    """Check that the address still has no account. Raises MembershipError."""
    try:
        account = account_of(invitation.email) or account_of_mailbox(invitation.email)
        free = account is None
    except ValueError:
        free = False
    if not free:
        raise MembershipError(
            f"There is an account for {invitation.email} by now, which this link doesn't enter. "
            f"Ask {invitation.inviter} to invite it: the invitation is there after signing in."
        )

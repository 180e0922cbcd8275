"""Erase a person: names, addresses and sign-ins are removed; judgments stay as evidence."""

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.leaving_nothing import leaving_nothing
from evalhub.accounts.models import (
    Action,
    ApiToken,
    MemberInvitation,
    Membership,
    Project,
    Role,
    SignInLink,
    User,
)
from evalhub.accounts.people import UserError, user_by_name
from evalhub.ledger.models import Decision
from reviews.assignments.reviewers import remove_by_operator
from reviews.models import Invitation, Reviewer

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Erased:
    """The counts of what an erasure removed.

    Attributes:
        name: what the account is called now.
        named_in: decisions that keep the address, since a digest covers it.
        taken: how many rows went, or lost the name, by what they are; without those of which there
            were none.
    """

    name: str
    named_in: tuple[str, ...]
    taken: dict[str, int]


type PersonEraser = Callable[[User, Collection[str]], Mapping[str, int]]
"""Takes a person, of these names and addresses, out of a feature's own rows, in the transaction of
the erasure; how many rows, by what they are. `evalhub.features.table.PERSON_ERASERS` lists them."""


def erase_user(*, name: str, erasers: Sequence[PersonEraser], dry_run: bool = False) -> Erased:
    """As `_erase`, and removes the name from the database's own files too.

    `erasers` are the features that keep what people wrote. On PostgreSQL the name is gone after its
    next VACUUM. With `dry_run` everything is checked and counted and nothing changed; `name` is
    then the one that the account has.
    """
    if dry_run:
        with transaction.atomic():
            erased = _erase(name, erasers)
            transaction.set_rollback(True)
        return replace(erased, name=name)
    with leaving_nothing():
        return _erase(name, erasers)


@transaction.atomic
def _erase(name: str, erasers: Sequence[PersonEraser]) -> Erased:
    """Removes a person's data.

    The account's row stays, nameless and closed, because judgments, events and the audit log
    refer to it; none of those is changed, so that every chain, seal and decision still holds.

    Raises:
        evalhub.accounts.people.UserError: nobody is called that, or nobody else owns one of
            their projects, or administers the site.
    """
    user = User.objects.select_for_update().get(pk=user_by_name(name).pk)
    check_replaceable(user)
    identifiers = {user.username, user.email, *_addresses(user)} - {""}
    counts = Counter(
        {
            "invitations": _erase_invitations(user, identifiers),
            **_erase_ways_in(user),
            "notes in the admin": _erase_admin_entries(user, identifiers),
        }
    )
    for reviewer in Reviewer.objects.filter(user=user, campaign__sealed=None):
        remove_by_operator(reviewer=reviewer)
        counts["places in open reviews"] += 1
    counts["memberships"] = Membership.objects.filter(user=user).delete()[0]
    for eraser in erasers:
        counts.update(eraser(user, identifiers))
    user.username = f"erased-{secrets.token_hex(4)}"
    user.first_name = user.last_name = user.email = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save()
    note(Action.ERASED, by=None, about=user)
    named_in = tuple(f"decision {pk}" for pk in _decisions_naming(user, identifiers))
    return Erased(user.username, named_in, dict(+counts))


def _decisions_naming(user: User, identifiers: set[str]) -> Iterator[int]:
    """Ids of decisions whose record holds the person's address among its reviewers' identities."""
    studies = Reviewer.objects.filter(user=user).values("campaign__study")
    rows = Decision.objects.filter(study__in=studies).order_by("pk").only("record")
    for decision in rows.iterator(chunk_size=CHUNK):
        people = decision.record.get("people") or {}
        if any(one.get("mailbox") in identifiers for one in people.get("identities", ())):
            yield decision.pk


def check_replaceable(user: User) -> None:
    """Raises UserError if the person is the only owner of a project or the only administrator of
    the site."""
    owners = Membership.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)
    alone = Project.objects.owned_by(user).exclude(pk__in=owners.values("project"))
    if names := ", ".join(alone.values_list("slug", flat=True)):
        raise UserError(f"{user} is the only owner of {names}: make somebody else an owner first")
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        raise UserError(f"{user} alone administers the site: make another superuser first")


def _addresses(user: User) -> list[str]:
    return list(EmailAddress.objects.filter(user=user).values_list("email", flat=True))


def _erase_invitations(user: User, identifiers: set[str]) -> int:
    """Deletes open invitations, and removes name and address from answered ones. Returns the
    number."""
    count = 0
    theirs = Q(account=user)
    for identifier in identifiers:
        theirs |= Q(email__iexact=identifier)
    for rows in (
        Invitation.objects.filter(theirs | Q(reviewer__user=user)),
        MemberInvitation.objects.filter(theirs),
    ):
        count += rows.count()
        rows.filter(used=None, declined=None).delete()
        rows.update(email="", name="")
    return count


def _erase_ways_in(user: User) -> Counter[str]:
    """Deletes sign-ins, tokens and sessions. Returns the number of each."""
    counts = Counter[str]()
    for kind, model in (
        ("mail addresses", EmailAddress),
        ("identities at a provider", SocialAccount),
        ("passkeys", Authenticator),
        ("sign-in links", SignInLink),
    ):
        rows = model._default_manager.filter(user=user)
        counts[kind] = rows.count()
        rows.delete()
    tokens = ApiToken.objects.filter(user=user)
    tokens.filter(revoked=None).update(revoked=timezone.now())
    counts["tokens"] = tokens.update(name="erased")
    for session in Session.objects.iterator(chunk_size=CHUNK):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
            counts["sessions"] += 1
    return counts


def _erase_admin_entries(user: User, identifiers: set[str]) -> int:
    """Deletes entries of the admin's log that spell the person's names. Returns the number."""
    naming = Q(
        content_type__app_label="accounts", content_type__model="user", object_id=str(user.pk)
    )
    for identifier in identifiers:
        naming |= Q(object_repr=identifier) | Q(object_repr__startswith=f"{identifier} ")
        naming |= Q(object_repr__startswith=f"{identifier},")
        naming |= Q(change_message__contains=f'"object": "{identifier} ')
    return AdminEntry.objects.filter(naming).update(object_repr="erased", change_message="")

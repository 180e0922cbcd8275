"""Deactivate a person who leaves: the account opens nothing any more, the judgments stay."""

from dataclasses import dataclass

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, ApiToken, LogEntry, User
from evalhub.accounts.people import UserError, user_by_name
from evalhub.accounts.shutting_out import end_access
from evalhub.features.erasure.erase import check_replaceable
from reviews.assignments.reviewers import remove_by_operator
from reviews.models import Reviewer


@dataclass(frozen=True, slots=True)
class Deactivated:
    """Number of revoked tokens, and the reviews in which the person no longer judges."""

    tokens: int
    reviews: tuple[int, ...]


@transaction.atomic
def deactivate_user(*, name: str) -> Deactivated:
    """Ends all access of a person: sessions, tokens, links. In running reviews others take over the
    open pairs. Roles, password and passkeys stay but open nothing; judgments, decisions and the
    record of what the person has seen stay as they are.

    Raises:
        UserError: nobody is called that, they are deactivated already, or nobody else owns one of
            their projects, or administers the site.
    """
    user = User.objects.select_for_update().get(pk=user_by_name(name).pk)
    if not user.is_active:
        raise UserError(f"{name} is deactivated already")
    check_replaceable(user)
    tokens = ApiToken.objects.usable().filter(user=user).count()
    User.objects.filter(pk=user.pk).update(is_active=False)
    end_access(user)
    reviewers = list(Reviewer.objects.filter(user=user, campaign__sealed=None).order_by("campaign"))
    for reviewer in reviewers:
        remove_by_operator(reviewer=reviewer)
    note(Action.DEACTIVATED, by=None, about=user)
    return Deactivated(tokens, tuple(reviewer.campaign_id for reviewer in reviewers))


@transaction.atomic
def reactivate_user(*, name: str) -> User:
    """Reactivates a person with the former roles. An owner has to let them judge again.

    Raises UserError: nobody is called that, they aren't deactivated, or they were erased.
    """
    user = User.objects.select_for_update().get(pk=user_by_name(name).pk)
    if user.is_active:
        raise UserError(f"{name} isn't deactivated")
    if LogEntry.objects.filter(action=Action.ERASED, about=user).exists():
        raise UserError(f"{name} was erased: `evalhub user add` makes a new account")
    user.is_active = True
    user.save(update_fields=["is_active"])
    note(Action.REACTIVATED, by=None, about=user)
    return user

"""Tokens by which programs act in a project: made, recognised, revoked.

A token is shown once, to whoever makes it; its row holds how it begins, and its SHA-256.
"""

import datetime
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, ApiToken, Project, Scope, User
from evalhub.accounts.permissions import NotAllowedError, check_evaluates, owns

PREFIX = "evh_"
LASTS_DAYS, LONGEST_DAYS = 90, 366
USED_EVERY = datetime.timedelta(minutes=1)
"""How exactly the last use is kept: to write it at each request would cost more than most do."""


class TokenError(ValueError):
    """A token request that is invalid; the message says what would be right, `field` names the
    place."""

    def __init__(self, message: str, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(f"{field}: {message}")


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, and the only sight of its secret."""

    token: ApiToken
    secret: str


@transaction.atomic
def add_token(
    *,
    project: Project,
    user: User,
    name: str,
    scopes: Collection[str],
    by: User | None,
    days: int = LASTS_DAYS,
) -> NewToken:
    """A new token, which acts for `user` in this project. It can't be shown again.

    Whoever evaluates makes tokens for themselves; the operator (None) for anybody who evaluates.

    Raises:
        NotAllowedError: `user` doesn't evaluate in the project, or `by` is somebody else; only an
            owner's token has the scope admin.
        TokenError: a name, scope or lifetime that can't be; a name that another token has.
    """
    check_evaluates(user, project)
    if by is not None and by != user:
        raise NotAllowedError(f"{by} makes tokens for themselves, and not for {user}")
    if Scope.ADMIN in scopes and not (user.is_superuser or owns(user, project)):
        raise NotAllowedError(f"Only an owner's token may administer {project}")
    _check(project, name, scopes, days)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        project=project,
        user=user,
        name=name.strip(),
        scopes=[scope.value for scope in Scope if scope in scopes],
        shown=secret[: len(PREFIX) + 6],
        digest=token_digest(secret),
        by=by,
        expires=timezone.now() + datetime.timedelta(days=days),
    )
    note(
        Action.TOKEN_MADE,
        by=by,
        about=user,
        project=project,
        what=f"token {token.pk}",
        scopes=token.scopes,
        days=days,
    )
    return NewToken(token, secret)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None) -> None:
    """Ends a token at once; of one that was revoked before nothing is changed.

    Raises NotAllowedError where `by` neither owns its project nor is its person.
    """
    visible = by is None or ApiToken.objects.in_sight_of(by).filter(pk=token.pk).exists()
    if not visible:
        raise NotAllowedError(f"{by} can't revoke this token: its person and the owners can")
    if ApiToken.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now()):
        what = f"token {token.pk}"
        note(Action.TOKEN_REVOKED, by=by, about=token.user, project=token.project, what=what)


def token_by_name(project: Project, name: str) -> ApiToken:
    """The project's token of that name that isn't revoked. Raises TokenError."""
    token: ApiToken | None = project.tokens.filter(name=name, revoked=None).first()
    if token is None:
        raise TokenError(f"{project} has no token {name!r} that isn't revoked", "name")
    return token


def token_of(secret: str) -> ApiToken | None:
    """The token that can still be used, with its person and project; None for anything else."""
    if not secret.startswith(PREFIX):
        return None
    token: ApiToken | None = (
        ApiToken.objects.usable()
        .select_related("user", "project")
        .filter(digest=token_digest(secret))
        .order_by()
        .first()
    )
    return token


def token_digest(secret: str) -> str:
    """What is stored of a token's secret: SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def note_uses(tokens: Collection[int]) -> None:
    """Keeps that these tokens were used now, to the minute. One query."""
    now = timezone.now()
    rows = ApiToken.objects.filter(pk__in=tokens)
    rows.filter(Q(last_used=None) | Q(last_used__lte=now - USED_EVERY)).update(last_used=now)


def note_use(token: ApiToken) -> None:
    """Keeps when it was used last, to the minute."""
    if token.last_used is None or timezone.now() - token.last_used >= USED_EVERY:
        note_uses([token.pk])


def _check(project: Project, name: str, scopes: Collection[str], days: int) -> None:
    if not name.strip() or len(name) > 80 or not name.isprintable():
        raise TokenError("says what the token is for, in 1 to 80 characters", "name")
    unknown = [scope for scope in scopes if scope not in Scope]
    if unknown or not scopes:
        reason = f"{unknown[0]!r} isn't one of them" if unknown else "none is given"
        raise TokenError(f"one or more of {', '.join(Scope)}: {reason}", "scopes")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenError(f"a token lasts 1 to {LONGEST_DAYS} days", "days")
    if project.tokens.filter(name=name.strip(), revoked=None).exists():
        raise TokenError("the project has a token of this name: revoke it first", "name")

"""Members of a project, and its tokens, as programs see them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from evalhub.accounts.models import ApiToken, Membership, Role, Scope
from evalhub.accounts.tokens import LASTS_DAYS, LONGEST_DAYS
from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.shapes import ResponseShape


class MemberShape(ResponseShape):
    id: int
    user: str
    role: str

    @classmethod
    def of(cls, member: Membership) -> "MemberShape":
        return cls(id=member.pk, user=member.user.username, role=member.role)


class MemberRequest(Declaration):
    """Request to invite a member."""

    whom: str = Field(min_length=1, max_length=254, description="by mail or by user name")
    role: Role


class RoleRequest(Declaration):
    role: Role


class InvitedMemberShape(ResponseShape):
    whom: str
    role: str
    link: str | None = Field(description="for an address without an account: shown this once")
    expires: datetime


class TokenShape(ResponseShape):
    id: int
    name: str
    user: str = Field(description="for whom it acts")
    scopes: tuple[str, ...]
    begins: str
    expires: datetime
    last_used: datetime | None
    revoked: datetime | None
    created: datetime

    @classmethod
    def of(cls, token: ApiToken) -> "TokenShape":
        return cls(**_of(token))


class NewTokenShape(TokenShape):
    token: str = Field(description="shown this once")

    @classmethod
    def from_token(cls, token: ApiToken, secret: str) -> "NewTokenShape":
        return cls(**_of(token), token=secret)


class TokenRequest(Declaration):
    """A token for the same person as the one that asks."""

    name: str = Field(min_length=1, max_length=80, description="what it is for")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    days: int = Field(LASTS_DAYS, ge=1, le=LONGEST_DAYS)


def _of(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "user": token.user.username,
        "scopes": tuple(token.scopes),
        "begins": token.shown,
        "expires": token.expires,
        "last_used": token.last_used,
        "revoked": token.revoked,
        "created": token.created,
    }

"""Members of a project, and its tokens, as programs see them."""

from datetime import datetime

from pydantic import AliasPath, Field

from evalhub.accounts.models import Role, Scope
from evalhub.accounts.tokens import LASTS_DAYS, LONGEST_DAYS
from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.shapes import ResponseBody


class MemberOut(ResponseBody):
    id: int
    user: str = Field(validation_alias=AliasPath("user", "username"))
    role: str


class MemberRequest(Declaration):
    """Somebody is asked to be a member."""

    whom: str = Field(min_length=1, max_length=254, description="by mail or by user name")
    role: Role


class RoleRequest(Declaration):
    role: Role


class InvitedMemberOut(ResponseBody):
    whom: str
    role: str
    link: str | None = Field(description="for an address without an account: shown this once")
    expires: datetime


class TokenOut(ResponseBody):
    id: int
    name: str
    user: str = Field(
        validation_alias=AliasPath("user", "username"), description="for whom it acts"
    )
    scopes: tuple[str, ...]
    begins: str = Field(validation_alias="shown")
    expires: datetime
    last_used: datetime | None
    revoked: datetime | None
    created: datetime


class NewTokenOut(TokenOut):
    token: str = Field(description="shown this once")


class TokenRequest(Declaration):
    """A token for the same person as the one that asks."""

    name: str = Field(min_length=1, max_length=80, description="what it is for")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    days: int = Field(LASTS_DAYS, ge=1, le=LONGEST_DAYS)

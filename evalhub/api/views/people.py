"""Members of the project, for owners; tokens, for owners or the one who made them."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.addresses import absolute
from evalhub.accounts.members import change_role, invite_member, remove_member
from evalhub.accounts.models import ApiToken, Membership, Role, Scope
from evalhub.accounts.permissions import check_manages
from evalhub.accounts.tokens import add_token, revoke_token
from evalhub.api.shapes.people import (
    InvitedMemberOut,
    MemberOut,
    MemberRequest,
    NewTokenOut,
    RoleRequest,
    TokenOut,
    TokenRequest,
)
from evalhub.frames.rest.describing import NO_BODY, describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, list_response, response_of
from evalhub.frames.rest.problems import Problem


class MemberEndpoint(ProjectEndpoint):
    """Below the project's members, whom its owners manage."""

    def rows(self) -> "QuerySet[Membership]":
        check_manages(self.by, self.project)
        return self.project.memberships.select_related("user", "project")

    def member(self) -> Membership:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])


class MembersOfProject(MemberEndpoint):
    scopes = {"GET": Scope.ADMIN, "POST": Scope.ADMIN}
    parameters = PAGED

    @describes("The project's members", gives=MemberOut, pages=True)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), MemberOut.from_model, ordering=("id",))

    @describes(
        "Ask somebody to be a member",
        gives=InvitedMemberOut,
        takes=MemberRequest,
        code=201,
        once=True,
    )
    @once(secret=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(MemberRequest)
        invited = invite_member(
            project=self.project, whom=body.whom, role=Role(body.role), by=self.by
        )
        invitation = invited.invitation
        link = absolute(invited.path) if invited.by_link else None
        shape = InvitedMemberOut(
            whom=invitation.whom, role=invitation.role, link=link, expires=invitation.expires
        )
        return response_of(request, shape, 201)


class OneMember(MemberEndpoint):
    scopes = {"GET": Scope.ADMIN, "PATCH": Scope.ADMIN, "DELETE": Scope.ADMIN}
    parameters = ("fields",)

    @describes("A member", gives=MemberOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, MemberOut.from_model(self.member()))

    @describes("Give a member another role", gives=MemberOut, takes=RoleRequest, also=(409, 415))
    def patch(self, request: Request, project: str, pk: int) -> Response:
        role = Role(self.body(RoleRequest).role)
        change_role(membership=self.member(), role=role, by=self.by)
        return response_of(request, MemberOut.from_model(self.member()))

    @describes(
        "End a membership; the person's judgments stay",
        gives=None,
        code=204,
        streams=NO_BODY,
        also=(409,),
    )
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        remove_member(membership=self.member(), by=self.by)
        return HttpResponse(status=204)


class TokenEndpoint(ProjectEndpoint):
    """Below the project's tokens: an owner's view of all, one's own else."""

    def rows(self) -> "QuerySet[ApiToken]":
        rows: QuerySet[ApiToken] = ApiToken.objects.in_sight_of(self.by)
        return rows.filter(project=self.project).select_related("user", "project").distinct()


class TokensOfProject(TokenEndpoint):
    scopes = {"GET": Scope.ADMIN, "POST": Scope.ADMIN}
    parameters = PAGED

    @describes("Tokens, without their secrets", gives=TokenOut, pages=True)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), TokenOut.from_model)

    @describes(
        "Make a token\n\nFor the person of the one that asks, and with no scope that it lacks.",
        gives=NewTokenOut,
        takes=TokenRequest,
        code=201,
        once=True,
    )
    @once(secret=True)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(TokenRequest)
        if beyond := [each for each in body.scopes if each not in request.auth.scopes]:
            raise Problem(403, f"This token hasn't the scope {beyond[0]} to give", field="scopes")
        new_token = add_token(
            project=self.project,
            user=self.by,
            name=body.name,
            scopes=body.scopes,
            by=self.by,
            days=body.days,
        )
        new_token.token.refresh_from_db()
        return response_of(
            request, NewTokenOut.from_model(new_token.token, token=new_token.secret), 201
        )


class OneToken(TokenEndpoint):
    scopes = {"GET": Scope.ADMIN, "DELETE": Scope.ADMIN}
    parameters = ("fields",)

    @describes("A token", gives=TokenOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, TokenOut.from_model(get_object_or_404(self.rows(), pk=pk)))

    @describes("Revoke a token, at once", gives=None, code=204, streams=NO_BODY)
    def delete(self, request: Request, project: str, pk: int) -> HttpResponse:
        revoke_token(token=get_object_or_404(self.rows(), pk=pk), by=self.by)
        return HttpResponse(status=204)

"""REST: which version is the champion, and how versions came to their stages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, Self

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from pydantic import AliasPath, Field
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import Declaration, DeclarationError
from evalhub.declare.study import Name
from evalhub.features.lifecycle.moves import put_in_shadow, reopen, retire
from evalhub.features.lifecycle.promotion import USUALLY, override_champion, promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import DecisionEndpoint, ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.registry_shapes import version_address
from evalhub.frames.rest.shapes import ResponseBody
from evalhub.ledger.champion_standing import ArmOf
from evalhub.ledger.models import Promotion, StageMove
from evalhub.registry.models import Model, ModelVersion
from evalhub.studies.file.version_file import VersionNumber

Reason = Field(min_length=1, max_length=4000)


class NamedVersion(Declaration):
    """A version of this project."""

    model: Name
    number: VersionNumber


class PromotionRequest(Declaration):
    reason: str = Reason
    arm: ArmOf = USUALLY


class RollbackRequest(Declaration):
    reason: str = Reason
    to: NamedVersion | None = Field(
        None, description="a version that was champion before; else the one before this"
    )


class OverrideRequest(Declaration):
    reason: str = Reason
    instead_of: NamedVersion | None = Field(
        None, description="what you take for the champion: 409 where it is another one"
    )


class MoveRequest(Declaration):
    reason: str = Reason


class PromotionOut(ResponseBody):
    """Which version is the project's champion: since when, by what, and why."""

    project: str = Field(validation_alias=AliasPath("project", "slug"))
    name: str = Field(description="the version, as pages call it")
    version: str = Field(description="its address")
    how: Literal["promoted", "rolled-back", "overridden"] = Field(
        description="by its decision; by going back to it; by somebody's word alone"
    )
    decision: int | None = Field(
        validation_alias="decision_id", description="what it rests on; null: on no decision"
    )
    before: str | None = Field(description="name of the version that was champion until then")
    by: int = Field(validation_alias="by_id", description="number of the account")
    reason: str
    created: datetime

    @classmethod
    def from_model(cls, promotion: Promotion, /, **computed: Any) -> Self:
        before = promotion.before
        return super().from_model(
            promotion,
            name=str(promotion.version),
            version=version_address(promotion.version),
            before=None if before is None else str(before.version),
            **computed,
        )


class MoveOut(ResponseBody):
    """A version moved from one stage to another."""

    id: int
    name: str = Field(description="the version, as pages call it")
    version: str = Field(description="its address")
    was: str
    stage: str
    said: str = Field(validation_alias="sentence", description="what happened to it, in words")
    override: bool = Field(
        validation_alias="is_override", description="whether no decision stands behind it"
    )
    decision: int | None = Field(validation_alias="decision_id")
    by: int | None = Field(
        validation_alias="by_id", description="number of the account; null: an experiment's end"
    )
    reason: str
    created: datetime

    @classmethod
    def from_model(cls, move: StageMove, /, **computed: Any) -> Self:
        name, version = str(move.version), version_address(move.version)
        return super().from_model(move, name=name, version=version, **computed)


class PromotedBy(DecisionEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Make the decision's candidate the project's champion\n\nOr, with `arm: baseline`, what it "
        "judged against: a project's first.",
        gives=PromotionOut,
        takes=PromotionRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(PromotionRequest)
        promotion = promote(decision=self.decision(), by=self.by, reason=body.reason, arm=body.arm)
        return response_of(request, PromotionOut.from_model(promotion), 201)


class Champion(ProjectEndpoint):
    @describes(
        "The version that is the project's champion\n\n404 where none is promoted.",
        gives=PromotionOut,
    )
    def get(self, request: Request, project: str) -> Response:
        current = Promotion.objects.current(self.project)
        if current is None:
            raise Problem(404, "No version of this project is promoted yet.")
        return response_of(request, PromotionOut.from_model(current))


class VersionEndpoint(ProjectEndpoint):
    """Below a version of a model."""

    scopes = {"POST": Scope.DECIDE}

    def version(self) -> ModelVersion:
        of = {"model__slug": self.kwargs["slug"], "number": self.kwargs["number"]}
        return get_object_or_404(self._versions(), **of)

    def find_version(self, name: NamedVersion | None, field: str) -> ModelVersion | None:
        """Raises DeclarationError where the project has no such version."""
        if name is None:
            return None
        version = self._versions().filter(model__slug=name.model, number=name.number).first()
        if version is None:
            raise DeclarationError(f"there is no {name.model} v{name.number} here", field)
        return version

    def _versions(self) -> "QuerySet[ModelVersion]":
        rows: QuerySet[ModelVersion] = ModelVersion.objects.filter(model__project=self.project)
        return rows.select_related("model__project")


class RolledBack(VersionEndpoint):
    @describes(
        "Roll this champion back\n\nTo the one before it, or to one that was champion before. "
        "Once done, the same again is the same answer.",
        gives=PromotionOut,
        takes=RollbackRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        body = self.body(RollbackRequest)
        to = self.find_version(body.to, "to")
        promotion = roll_back(version=self.version(), by=self.by, reason=body.reason, to=to)
        return response_of(request, PromotionOut.from_model(promotion), 201)


class Overridden(VersionEndpoint):
    @describes(
        "Make this version the champion without a decision\n\nFor owners, who answer for it by "
        "their reason alone.",
        gives=PromotionOut,
        takes=OverrideRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        body = self.body(OverrideRequest)
        instead = self.find_version(body.instead_of, "instead_of")
        version, by = self.version(), self.by
        promotion = override_champion(
            version=version, by=by, reason=body.reason, instead_of=instead
        )
        return response_of(request, PromotionOut.from_model(promotion), 201)


def takes_reason(text: str) -> Callable[..., Any]:
    """Decorator of a post that moves a version by a reason: its description."""
    return describes(text, gives=MoveOut, takes=MoveRequest, code=201)


class StageMoveEndpoint(VersionEndpoint):
    """Moves a version by a reason alone."""

    def make_move(self, request: Request, move: Callable[..., StageMove]) -> Response:
        row = move(version=self.version(), by=self.by, reason=self.body(MoveRequest).reason)
        return response_of(request, MoveOut.from_model(row), 201)


class Retired(StageMoveEndpoint):
    @takes_reason("Give a candidate up\n\nOne that is retired already stays so.")
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        return self.make_move(request, retire)


class Reopened(StageMoveEndpoint):
    @takes_reason(
        "Bring a retired version back as a candidate\n\nBy an override, with its reason. Or take "
        "one out of shadow."
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        return self.make_move(request, reopen)


class Shadowed(StageMoveEndpoint):
    @takes_reason(
        "Put a candidate in shadow\n\nIt answers mirrored copies of production's requests. One "
        "that is in shadow already stays so."
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        return self.make_move(request, put_in_shadow)


class History(ProjectEndpoint):
    @describes("How a model's versions came to their stages", gives=MoveOut, pages=True)
    def get(self, request: Request, project: str, slug: str) -> Response:
        model = get_object_or_404(Model.objects.written(), project=self.project, slug=slug)
        return list_response(
            request, StageMove.objects.of_model(model).newest_first(), MoveOut.from_model
        )


urlpatterns = [
    project_path("decisions/<int:pk>/promotion", PromotedBy, "promotion"),
    project_path("champion", Champion, "champion"),
    project_path("models/<slug:slug>/history", History, "history"),
    project_path("models/<slug:slug>/versions/<int:number>/rollback", RolledBack, "rollback"),
    project_path("models/<slug:slug>/versions/<int:number>/override", Overridden, "override"),
    project_path("models/<slug:slug>/versions/<int:number>/retire", Retired, "retire"),
    project_path("models/<slug:slug>/versions/<int:number>/reopen", Reopened, "reopen"),
    project_path("models/<slug:slug>/versions/<int:number>/shadow", Shadowed, "shadow"),
]

"""Which version is the champion: blessed, gone back to, put there by an override; and each model's
history."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.stages import (
    BlessingRequest,
    BlessingShape,
    MoveRequest,
    MoveShape,
    NamedVersion,
    OverrideRequest,
    RollbackRequest,
)
from evalhub.api.views.decisions import DecisionEndpoint
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, listed, shown
from evalhub.frames.rest.problems import Problem
from evalhub.ledger.blessing import bless
from evalhub.ledger.models import Blessing, StageMove
from evalhub.ledger.overriding import override_champion
from evalhub.ledger.retiring import reopen, retire
from evalhub.ledger.rollback import roll_back
from evalhub.registry.models import Model, ModelVersion


class BlessedBy(DecisionEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Make the decision's candidate the project's champion\n\nOr, with `arm: baseline`, what it "
        "judged against: a project's first.",
        gives=BlessingShape,
        takes=BlessingRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        asked = self.body(BlessingRequest)
        made = bless(decision=self.decision(), by=self.by, reason=asked.reason, arm=asked.arm)
        return shown(request, BlessingShape.of(made), 201)


class Baseline(ProjectEndpoint):
    parameters = ("fields",)

    @describes(
        "The version that is the project's baseline\n\n404 where none is blessed.",
        gives=BlessingShape,
    )
    def get(self, request: Request, project: str) -> Response:
        current = Blessing.objects.current(self.project)
        if current is None:
            raise Problem(404, "No version of this project is blessed yet.")
        return shown(request, BlessingShape.of(current))


class VersionEndpoint(ProjectEndpoint):
    """Below a version of a model."""

    scopes = {"POST": Scope.DECIDE}

    def version(self) -> ModelVersion:
        of = {"model__slug": self.kwargs["slug"], "number": self.kwargs["number"]}
        return get_object_or_404(self._versions(), **of)

    def named(self, name: NamedVersion | None, field: str) -> ModelVersion | None:
        """Raises DeclarationError where the project has no such version."""
        if name is None:
            return None
        found = self._versions().filter(model__slug=name.model, number=name.number).first()
        if found is None:
            raise DeclarationError(f"there is no {name.model} v{name.number} here", field)
        return found

    def _versions(self) -> "QuerySet[ModelVersion]":
        rows: QuerySet[ModelVersion] = ModelVersion.objects.filter(model__project=self.project)
        return rows.select_related("model__project")


class RolledBack(VersionEndpoint):
    @describes(
        "Roll this champion back\n\nTo the one before it, or to one that was champion before. "
        "Once done, the same again is the same answer.",
        gives=BlessingShape,
        takes=RollbackRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        asked = self.body(RollbackRequest)
        to = self.named(asked.to, "to")
        made = roll_back(version=self.version(), by=self.by, reason=asked.reason, to=to)
        return shown(request, BlessingShape.of(made), 201)


class Overridden(VersionEndpoint):
    @describes(
        "Make this version the champion without a decision\n\nFor owners, who answer for it by "
        "their reason alone.",
        gives=BlessingShape,
        takes=OverrideRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        asked = self.body(OverrideRequest)
        instead = self.named(asked.instead_of, "instead_of")
        version, by = self.version(), self.by
        made = override_champion(version=version, by=by, reason=asked.reason, instead_of=instead)
        return shown(request, BlessingShape.of(made), 201)


class Retired(VersionEndpoint):
    @describes(
        "Give a candidate up\n\nOne that is retired already stays so.",
        gives=MoveShape,
        takes=MoveRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        reason = self.body(MoveRequest).reason
        return shown(
            request, MoveShape.of(retire(version=self.version(), by=self.by, reason=reason)), 201
        )


class Reopened(VersionEndpoint):
    @describes(
        "Bring a retired version back as a candidate\n\nBy an override, with its reason.",
        gives=MoveShape,
        takes=MoveRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, slug: str, number: int) -> Response:
        reason = self.body(MoveRequest).reason
        return shown(
            request, MoveShape.of(reopen(version=self.version(), by=self.by, reason=reason)), 201
        )


class History(ProjectEndpoint):
    parameters = PAGED

    @describes("How a model's versions came to their stages", gives=MoveShape, pages=True)
    def get(self, request: Request, project: str, slug: str) -> Response:
        model = get_object_or_404(Model.objects.written(), project=self.project, slug=slug)
        return listed(request, StageMove.objects.of_model(model).newest_first(), MoveShape.of)

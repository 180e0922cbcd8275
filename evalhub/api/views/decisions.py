"""Decisions and their sign-offs."""

from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.decisions import (
    AcceptanceRequest,
    DecisionOut,
    FlipOut,
    FlipsOut,
    SignOffOut,
    SignOffRequest,
    WholeDecisionOut,
)
from evalhub.declare.verdicts import Verdict
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import DecisionEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import PAGED, Since, list_response, response_of
from evalhub.ledger.accepting import accept
from evalhub.ledger.chain.kept import check_kept
from evalhub.ledger.changed_items import worst_flips
from evalhub.ledger.signoff import sign_off


class DecisionFilters(Since):
    study = filters.CharFilter(field_name="study__slug", label="slug of a study")
    arm = filters.CharFilter(label="name of an arm")
    verdict = filters.ChoiceFilter(choices=Verdict.choices())


class Decisions(DecisionEndpoint):
    parameters = (*PAGED, *DecisionFilters.base_filters)

    @describes("The project's decisions", gives=DecisionOut, pages=True, filtered=DecisionFilters)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), DecisionOut.from_model, filtered=DecisionFilters)


class OneDecision(DecisionEndpoint):
    parameters = ("fields",)

    @describes("A decision with its record", gives=WholeDecisionOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        decision = self.decision()
        check_kept(decision)
        return response_of(request, WholeDecisionOut.from_model(decision))


class SignOffs(DecisionEndpoint):
    scopes = {"POST": Scope.DECIDE}
    parameters = PAGED

    @describes("Who stands by a decision", gives=SignOffOut, pages=True)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(request, self.decision().sign_offs.all(), SignOffOut.from_model)

    @describes(
        "Sign a decision off, or override it",
        gives=SignOffOut,
        takes=SignOffRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(SignOffRequest)
        signed = sign_off(
            decision=self.decision(), by=self.by, reason=body.reason, verdict=body.verdict
        )
        return response_of(request, SignOffOut.from_model(signed), 201)


class Accepted(DecisionEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Accept what holds a ship\n\nAll caveats of the decision that hold and have a `subject`, "
        "by an owner of the project. The study is decided anew: the answer is the arm's decision "
        "as it is then.",
        gives=WholeDecisionOut,
        takes=AcceptanceRequest,
        code=201,
        once=True,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        reason = self.body(AcceptanceRequest).reason
        decision = accept(decision=self.decision(), by=self.by, reason=reason)
        return response_of(request, WholeDecisionOut.from_model(decision), 201)


class Flips(DecisionEndpoint):
    @describes(
        "What changed on single items\n\nLost ones, the worst first, then won ones; at most 60.",
        gives=FlipsOut,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        decision = self.decision()
        rows = worst_flips(decision.study, decision.document)
        return response_of(request, FlipsOut(flips=tuple(FlipOut.from_row(each) for each in rows)))

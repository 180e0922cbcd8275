"""REST: a project's live experiments, from their power plan to their end."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.version_name import VersionNameError
from evalhub.features.experiments.drafts import draft_power, settled_plan
from evalhub.features.experiments.ending import (
    promote_challenger,
    roll_back_experiment,
    stop_experiment,
)
from evalhub.features.experiments.models import Experiment, ExperimentQuerySet
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.recent_users import requests_to_read
from evalhub.features.experiments.shapes import (
    EpochRequest,
    ExperimentActRequest,
    ExperimentOut,
    ExperimentRequest,
    FollowedExperimentOut,
    PlanRequest,
    PowerPlanOut,
    ReadingOut,
    ShareRequest,
    StepOut,
)
from evalhub.features.experiments.starting import start_experiment
from evalhub.features.lifecycle.api import PromotionOut
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of
from evalhub.ledger.models import Decision
from evalhub.registry.version_names import version_by_name


class ExperimentsEndpoint(ProjectEndpoint):
    """Below a project's experiments.

    Attributes:
        plan_body: the body that holds a plan, where one does.
    """

    plan_body: ClassVar[type[ExperimentRequest | PlanRequest]] = PlanRequest

    def rows(self) -> ExperimentQuerySet:
        """The project's experiments, with where they stand."""
        rows: ExperimentQuerySet = Experiment.objects.filter(project=self.project)
        return rows.with_versions().with_standing()

    def experiment(self) -> Experiment:
        """The one of the address."""
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])

    def request_count(self) -> int:
        """How many requests are read for the plan of the body: none for one that says how many
        users are planned, unless its power is what is asked for."""
        draft = self.body(self.plan_body).plan
        if draft.planned_users is not None and self.plan_body is ExperimentRequest:
            return 0
        return requests_to_read(self.project, draft.route, now=timezone.now())

    def followed(self, pk: int) -> FollowedExperimentOut:
        """An experiment as it stands now."""
        return FollowedExperimentOut.from_model(self.rows().get(pk=pk))


class Experiments(ExperimentsEndpoint):
    scopes = {"POST": Scope.DECIDE}
    plan_body = ExperimentRequest

    @describes(
        "Live experiments of this project, the newest first", gives=ExperimentOut, pages=True
    )
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), ExperimentOut.from_model)

    @describes(
        "Start an experiment\n\nFrom now on a share of the users gets the challenger's answers: "
        "one experiment a project. It rests on a decision that the challenger may ship; without "
        "one it takes an owner, whose word is noted as an override. A plan that says no "
        "`planned_users` gets as many as its gain needs by the project's traffic.",
        gives=FollowedExperimentOut,
        takes=ExperimentRequest,
        code=201,
    )
    @once(rows=ExperimentsEndpoint.request_count)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(ExperimentRequest)
        try:
            challenger = version_by_name(self.project, body.challenger)
        except VersionNameError as error:
            raise DeclarationError(str(error), "challenger") from error
        experiment = start_experiment(
            project=self.project,
            by=self.by,
            name=body.name,
            plan=settled_plan(self.project, body.plan, now=timezone.now()),
            challenger=challenger,
            challenger_name=body.challenger_name,
            champion_name=body.champion_name,
            reason=body.reason,
            decision=self._decision(body.decision),
            share=body.share,
            flag=body.flag,
        )
        return response_of(request, self.followed(experiment.pk), 201)

    def _decision(self, pk: int | None) -> Decision | None:
        if pk is None:
            return None
        decision = Decision.objects.filter(study__project=self.project, pk=pk).first()
        if decision is None:
            raise DeclarationError(f"there is no decision {pk} here", "decision")
        return decision


class PowerPlans(ExperimentsEndpoint):
    @describes(
        "What an experiment would need and notice\n\nBy the project's own traffic of the last "
        "days: users and days until the planned gain is found, and the smallest loss that each "
        "guard proves. Nothing is stored, and nobody is exposed.",
        gives=PowerPlanOut,
        takes=PlanRequest,
    )
    @once(rows=ExperimentsEndpoint.request_count)
    def post(self, request: Request, project: str) -> Response:
        power = draft_power(self.project, self.body(PlanRequest).plan, now=timezone.now())
        return response_of(request, PowerPlanOut.of(power))


class OneExperiment(ExperimentsEndpoint):
    @describes("An experiment with its steps and decisions", gives=FollowedExperimentOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, FollowedExperimentOut.from_model(self.experiment()))


class ExperimentReadings(ExperimentsEndpoint):
    @describes(
        "How its criteria stood over time, the newest first\n\nThe bounds hold at all times "
        "together, however often one looks.",
        gives=ReadingOut,
        pages=True,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return list_response(request, self.experiment().readings.all(), ReadingOut.from_model)


class ExperimentShare(ExperimentsEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Give the challenger another share of all users\n\nNobody changes the arm: coverage "
        "grows or shrinks, the weights stay.",
        gives=StepOut,
        takes=ShareRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(ShareRequest)
        step = set_share(experiment=self.experiment(), by=self.by, **dict(body))
        return response_of(request, StepOut.from_model(step), 201)


class ExperimentEpochs(ExperimentsEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Begin an epoch\n\nAll users are dealt to the arms anew, with another weight where one is "
        "stated. Who was in the experiment before counts as first assigned.",
        gives=StepOut,
        takes=EpochRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(EpochRequest)
        step = begin_epoch(experiment=self.experiment(), by=self.by, **dict(body))
        return response_of(request, StepOut.from_model(step), 201)


def ends_experiment(text: str, gives: Any = FollowedExperimentOut) -> Callable[..., Any]:
    """Decorator of a post that ends an experiment by a reason: its description."""
    return describes(text, gives=gives, takes=ExperimentActRequest, code=201)


class ExperimentEndpoint(ExperimentsEndpoint):
    """Ends an experiment by a reason alone."""

    scopes = {"POST": Scope.DECIDE}

    def end(self, request: Request, verb: Callable[..., Experiment]) -> Response:
        reason = self.body(ExperimentActRequest).reason
        row = verb(experiment=self.experiment(), by=self.by, reason=reason)
        return response_of(request, self.followed(row.pk), 201)


class StoppedExperiment(ExperimentEndpoint):
    @ends_experiment(
        "Stop an experiment\n\nThe champion answers everybody from now on, and the challenger has "
        "the stage that it had before. Any evaluator may; the same again is the same answer."
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        return self.end(request, stop_experiment)


class RolledBackExperiment(ExperimentEndpoint):
    @ends_experiment("Roll an experiment back as harmful\n\nAs stopping it; its pages say why.")
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        return self.end(request, roll_back_experiment)


class PromotedChallenger(ExperimentEndpoint):
    @ends_experiment(
        "Make an experiment's challenger the champion\n\nAnd end it: by its newest decision, "
        "where that ships, or by the one it was started by while its own doesn't speak against it.",
        PromotionOut,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        reason = self.body(ExperimentActRequest).reason
        promotion = promote_challenger(experiment=self.experiment(), by=self.by, reason=reason)
        return response_of(request, PromotionOut.from_model(promotion), 201)


_ONE = "experiments/<int:pk>"
urlpatterns = [
    project_path("experiments", Experiments, "experiments"),
    project_path("experiments/plans", PowerPlans, "experiment_plans"),
    project_path(_ONE, OneExperiment, "experiment"),
    project_path(f"{_ONE}/readings", ExperimentReadings, "experiment_readings"),
    project_path(f"{_ONE}/share", ExperimentShare, "experiment_share"),
    project_path(f"{_ONE}/epochs", ExperimentEpochs, "experiment_epochs"),
    project_path(f"{_ONE}/stop", StoppedExperiment, "stop_experiment"),
    project_path(f"{_ONE}/rollback", RolledBackExperiment, "roll_back_experiment"),
    project_path(f"{_ONE}/promotion", PromotedChallenger, "promote_challenger"),
]

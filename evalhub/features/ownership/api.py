"""REST: what a study's candidate costs."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.declare.cost_sheet import CostSheet
from evalhub.declare.declaration import validate
from evalhub.declare.ownership import Ownership
from evalhub.features.ownership.study_costs import cost_of
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import CANDIDATE, StudyEndpoint, project_path
from evalhub.frames.rest.lists import response_of
from evalhub.frames.rest.problems import Problem
from evalhub.registry.models import StudyArm

TRAFFIC = OpenApiParameter(
    "traffic", float, description="requests a month, in place of what the study says"
)


class StudyCost(StudyEndpoint):
    @describes(
        "What its candidate costs\n\nInitial development, training, data, evaluation, serving, "
        "upkeep and retraining beside the present bill; each figure says where it comes from, and "
        "what isn't known is null, never 0.",
        gives=CostSheet,
        query=(CANDIDATE, TRAFFIC),
    )
    def get(self, request: Request, project: str, slug: str) -> Response:
        candidate = request.query_params.get("candidate", "")
        assumed = _assumption(request.query_params.get("traffic", ""))
        try:
            sheet = cost_of(self.study(), assumed, candidate=candidate)
        except StudyArm.DoesNotExist as error:
            raise Problem(404, f"{error}.", field="candidate") from error
        return response_of(request, sheet)


def _assumption(traffic: str) -> Ownership | None:
    if not traffic:
        return None
    try:
        return validate(Ownership, {"traffic": float(traffic)})
    except ValueError as error:  # DeclarationError is a subclass
        raise Problem(400, "is a number above 0: requests a month", field="traffic") from error


urlpatterns = [project_path("studies/<slug:slug>/cost", StudyCost, "study_cost")]

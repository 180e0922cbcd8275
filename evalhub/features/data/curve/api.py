"""REST: what doubling a study's training examples buys."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.declare.data_curve import DataCurves
from evalhub.features.data.curve.learning_curve import curve_of_studies
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import StudyEndpoint, project_path
from evalhub.frames.rest.lists import response_of
from evalhub.frames.rest.problems import Problem

WORTH = OpenApiParameter(
    "worth", float, description="gain from which on a doubling is worth its cost"
)


class StudyDataCurve(StudyEndpoint):
    @describes(
        "What doubling its training examples buys\n\nOf arms whose training records name different "
        "numbers of `examples`: the gain of each step and per doubling, with 95% limits. Scores "
        "that no decision has opened are not read.",
        gives=DataCurves,
        query=(WORTH,),
        also=(409,),
    )
    def get(self, request: Request, project: str, slug: str) -> Response:
        worth = _worth(request.query_params.get("worth", ""))
        return response_of(request, curve_of_studies([self.study()], worth=worth))


def _worth(text: str) -> float | None:
    if not text:
        return None
    try:
        worth = float(text)
    except ValueError:
        worth = 0.0
    if not 0 < worth < float("inf"):
        raise Problem(400, "is a number above 0: a gain in the metric's unit", field="worth")
    return worth


urlpatterns = [project_path("studies/<slug:slug>/data-curve", StudyDataCurve, "study_data_curve")]

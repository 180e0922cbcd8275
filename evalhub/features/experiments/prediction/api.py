"""REST: did offline decisions predict what live experiments found?"""

from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.features.experiments.models import Experiment, ExperimentQuerySet
from evalhub.features.experiments.prediction.report import prediction_report
from evalhub.features.experiments.prediction.shapes import PredictionsOut
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.lists import response_of


class ExperimentPredictions(ProjectEndpoint):
    @describes(
        "Did offline predict online?\n\nOf each ended experiment the offline decision that let it "
        "begin beside its own last one, and how often sign and size agree. Offline estimates are "
        "corrected for selection: only what passed offline was tried.",
        gives=PredictionsOut,
    )
    def get(self, request: Request, project: str) -> Response:
        rows: ExperimentQuerySet = Experiment.objects.filter(project=self.project)
        return response_of(request, PredictionsOut.of(prediction_report(rows)))


urlpatterns = [
    project_path("experiments/prediction", ExperimentPredictions, "experiment_predictions")
]

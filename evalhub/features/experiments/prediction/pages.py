"""A page: did offline decisions predict what live experiments found?"""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.features.experiments.models import Experiment, ExperimentQuerySet
from evalhub.features.experiments.prediction.report import prediction_report
from evalhub.features.traffic.page_data.filtering import TrafficFilter
from evalhub.features.traffic.page_data.production_page import production_head
from evalhub.features.traffic.pages import of_project
from evalhub.frames.page.access import results_only


@require_GET
@results_only
@of_project
def experiment_predictions(request: SignedInRequest, project: Project) -> HttpResponse:
    """Offline and live decisions side by side, of the project and of all that this person sees."""
    rows: ExperimentQuerySet = Experiment.objects.filter(project=project)
    context = {
        "project": project,
        "head": production_head(project, timezone.now()),
        "tab": "experiments",
        "wanted": TrafficFilter.from_query(request.GET),
        "served": True,
        "shown": prediction_report(rows),
        "everywhere": prediction_report(Experiment.objects.visible_to(request.user)),
    }
    return render(request, "experiments/predictions.html", context)


urlpatterns = [
    path(
        "projects/<slug:slug>/experiments/prediction/",
        experiment_predictions,
        name="experiment_predictions",
    )
]

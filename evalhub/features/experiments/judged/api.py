"""REST: a blind sample of an experiment's answers, and the scores that come back."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.experiments.judged.declared import JudgedScoresRequest
from evalhub.features.experiments.judged.drawing import draw_answers
from evalhub.features.experiments.judged.scores import take_scores
from evalhub.features.experiments.judged.shapes import (
    BlindSampleOut,
    BlindSampleRequest,
    TakenScoresOut,
)
from evalhub.features.experiments.models import Experiment
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import response_of


class JudgingEndpoint(ProjectEndpoint):
    """Below one experiment."""

    scopes = {"POST": Scope.INGEST}

    def experiment(self) -> Experiment:
        """The one of the address."""
        rows = Experiment.objects.filter(project=self.project).with_versions()
        return get_object_or_404(rows, pk=self.kwargs["pk"])


class BlindSamples(JudgingEndpoint):
    @describes(
        "Draw a blind sample of an experiment's answers\n\nEqually many of both arms, at random, "
        "of a user one at most; without arm, model, time or cost, under random ids. The answer "
        "holds texts of users and isn't kept: the same key again gets none, so draw anew.",
        gives=BlindSampleOut,
        takes=BlindSampleRequest,
        code=201,
    )
    @once(secret=True, lasts=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        count = self.body(BlindSampleRequest).n
        sample = draw_answers(experiment=self.experiment(), count=count, by=self.by)
        return response_of(request, BlindSampleOut.of(sample), 201)


class JudgedScores(JudgingEndpoint):
    @describes(
        "Hand in judges' scores of a blind sample\n\nThey become signals named `judged`, which an "
        "experiment measures as `signal:judged`. All are taken or none; the same again changes "
        "nothing.",
        gives=TakenScoresOut,
        takes=JudgedScoresRequest,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        scores = self.body(JudgedScoresRequest).scores
        taken = take_scores(experiment=self.experiment(), scores=scores, by=self.by)
        return response_of(request, TakenScoresOut.from_model(taken))


urlpatterns = [
    project_path("experiments/<int:pk>/answers", BlindSamples, "experiment_answers"),
    project_path("experiments/<int:pk>/scores", JudgedScores, "experiment_scores"),
]

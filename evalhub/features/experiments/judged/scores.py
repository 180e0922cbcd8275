"""Take in judges' scores of a blind sample, as signals about the requests that were judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.experiment import JUDGED
from evalhub.features.experiments.judged.declared import JudgedScore
from evalhub.features.experiments.models import Experiment, JudgedAnswer
from evalhub.features.traffic.rows import SignalRow, TrafficSource
from evalhub.features.traffic.shadow.answers import requests_at
from evalhub.features.traffic.taking_in import take_in


@dataclass(frozen=True, slots=True)
class TakenScores:
    """What became of judges' scores.

    Attributes:
        taken: new ones.
        there_already: that came before; nothing was changed.
        late: of all of them, those that count nowhere: the window for feedback on their request had
            closed.
        erased: whose request isn't stored any more.
    """

    taken: int
    there_already: int
    late: int
    erased: int


@transaction.atomic
def take_scores(
    *, experiment: Experiment, scores: Sequence[JudgedScore], by: User | None
) -> TakenScores:
    """Stores scores as signals named `judged`, all or none; the same again changes nothing.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: an id that isn't of this experiment's samples, or that comes twice, or
            whose score was another one before; `scores.N` says which.
    """
    check_evaluates(by, experiment.project)
    project = Project.objects.select_for_update().get(pk=experiment.project_id)
    answers = _answers(experiment, scores)
    now = timezone.now()
    new = [row.pk for row in answers if row.judged is None and row.day is not None]
    JudgedAnswer.objects.filter(pk__in=new).update(judged=now)
    rows = [
        SignalRow(
            id=f"{JUDGED}-{score.id}",
            time=answer.judged or now,
            name=JUDGED,
            value=score.value,
            by=score.by,
            request=answer.key,
        )
        for score, answer in zip(scores, answers, strict=True)
        if answer.day is not None
    ]
    taken = take_in(project=project, source=TrafficSource.FILE, signals=list(enumerate(rows)))
    if taken.flaws:
        flaw = taken.flaws[0]
        raise DeclarationError(flaw.message, f"scores.{flaw.line}")
    window = timedelta(hours=experiment.plan.feedback_hours)
    ids = [(row.day, row.key) for row in answers if row.day is not None]
    requests = requests_at(project, ids)
    times = [
        (row.judged or now, requests[row.day, row.key].time)
        for row in answers
        if row.day is not None and (row.day, row.key) in requests
    ]
    return TakenScores(
        taken.signals,
        taken.there_already,
        late=sum(judged > time + window for judged, time in times),
        erased=len(answers) - len(times),
    )


def _answers(experiment: Experiment, scores: Sequence[JudgedScore]) -> list[JudgedAnswer]:
    """The answers of these scores, in their order."""
    stored = {
        row.token: row
        for row in JudgedAnswer.objects.filter(
            experiment=experiment, token__in=[score.id for score in scores]
        )
    }
    seen: set[str] = set()
    for place, score in enumerate(scores):
        if score.id not in stored:
            raise DeclarationError(
                f"no answer of this experiment's samples has the id {score.id!r}",
                f"scores.{place}.id",
            )
        if score.id in seen:
            raise DeclarationError(f"the id {score.id!r} comes twice", f"scores.{place}.id")
        seen.add(score.id)
    return [stored[score.id] for score in scores]

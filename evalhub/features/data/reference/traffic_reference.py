"""Questions of production that a training file should represent."""

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.declare.slice_shares import SharedKind
from evalhub.features.data.checks.check import ReferenceText
from evalhub.features.data.checks.represented import MOST_OF_USER
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.questions import draw_questions
from evalhub.features.traffic.shadow.answers import requests_at
from evalhub.io.rows import DataError

MOST_USERS = 5_000


def traffic_reference(
    project: Project, *, days: int, seed: int = 0, now: datetime | None = None
) -> list[ReferenceText]:
    """Questions of the last `days` days, today's among them, as `texts_of_traffic`.

    Raises DataError where no text of a request of them is stored.
    """
    tomorrow = (now or timezone.now()).astimezone(UTC).date() + timedelta(days=1)
    texts = texts_of_traffic(project, tomorrow - timedelta(days=days), tomorrow, seed=seed)
    if not texts:
        raise DataError(
            f"no text of a request of the last {days} days is stored, so there is nothing to "
            "compare with: are texts kept (evalhub traffic settings)?",
            file=f"traffic of {project.slug}",
        )
    return texts


def texts_of_traffic(
    project: Project, first: date, end: date, *, seed: int = 0
) -> list[ReferenceText]:
    """Random questions of the requests from one day to before another, masked as they are stored:
    at most `MOST_OF_USER` of each of at most `MOST_USERS` users, which stand for the others.

    Requests of an item of a review that goes on, or of a sealed study, are never drawn.
    """
    questions = draw_questions(
        project, first, end, seed=f"data/{seed}", users=MOST_USERS, each=MOST_OF_USER
    )
    requests = requests_at(project, [question.request for question in questions])
    return [
        ReferenceText(
            text=question.text,
            user=question.user,
            slices=_slices(requests[question.request]) if question.request in requests else {},
            weight=question.stands_for,
        )
        for question in questions
    ]


def _slices(request: Request) -> dict[str, tuple[str, ...]]:
    """A request's route and tags; its language is detected again, as that of training rows is."""
    route = (request.route,) if request.route else ()
    values = {
        SharedKind.ROUTE.value: route,
        SharedKind.TAG.value: tuple(dict.fromkeys(request.tags)),
    }
    return {kind: of_kind for kind, of_kind in values.items() if of_kind}

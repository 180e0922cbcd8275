"""A project whose champion answers people, and a monitor of its answers' quality."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.monitor import QualityPlan
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.models import Monitor
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.rows import RequestRow
from evalhub.features.traffic.served import state_served_version
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.traffic.rows_of import a_request, noon, taken

SERVED = "support-7b"
JSON = {"name": "json_valid", "root": "object"}

type Answering = Callable[[int, int], str]
"""What is answered, by how many days ago it was and by the user's number."""


def well(days_ago: int, user: int) -> str:
    """JSON, but for every tenth user."""
    return "No." if user % 10 == 0 else f'{{"answer": "Day {days_ago}, user {user}."}}'


def promote(
    team: Team,
    version: ModelVersion,
    *,
    days_ago: int,
    served: str = SERVED,
    decision: Decision | None = None,
) -> None:
    """Olga made it the champion so many days ago, and said that it is served from then. No verb
    writes into the past."""
    since = timezone.now() - timedelta(days=days_ago)
    Promotion.objects.create(
        project=team.project,
        version=version,
        decision=decision,
        by=team.olga,
        reason="It runs.",
        before=Promotion.objects.current(team.project),
        created=since,
    )
    state_served_version(
        project=team.project, by=team.olga, name=served, version=version, since=since
    )


def a_champion(team: Team, *, days_ago: int) -> ModelVersion:
    """The champion for so many days, all of whose texts are kept."""
    change_settings(project=team.project, by=None, text_share=1)
    champion = a_version(team, "support-lora")
    promote(team, champion, days_ago=days_ago)
    return champion


def a_monitor(team: Team, **fields: Any) -> Monitor:
    """Of whether answers are JSON objects, unless the plan's fields say otherwise."""
    measures = [{"metric": JSON, "margin": 0.05}]
    plan = validate(QualityPlan, {"measures": measures} | fields)
    return add_monitor(project=team.project, by=None, plan=plan, false_alarms_a_year=1)


def a_call(days_ago: int, user: int, output: str | None, **fields: Any) -> RequestRow:
    """At noon, or at the beginning of today, which is never ahead of the clock."""
    time = noon(days_ago) if days_ago else noon(0) - timedelta(hours=12)
    values = {
        "user": f"user-{user}",
        "time": time + timedelta(milliseconds=user),
        "messages": ({"role": "user", "content": f"Question {user} of day {days_ago}?"},),
        "output": output,
        "finish_reason": "stop",
        "model": SERVED,
    }
    return a_request(f"{user}-{days_ago}", **values | fields)


def answered(
    team: Team, *days: int, users: int = 60, says: Answering = well, **fields: Any
) -> None:
    """A request of each user on each of these days."""
    for day in days:
        rows = [a_call(day, user, says(day, user), **fields) for user in range(users)]
        taken(team.project, rows)


def morning(days_ago: int = 0) -> datetime:
    """When the day before has settled."""
    return noon(days_ago)

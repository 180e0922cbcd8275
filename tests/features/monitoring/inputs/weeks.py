"""Weeks of requests, and a monitor of inputs whose reference is the four before the last one."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.monitor import InputsPlan
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.inputs.weeks import WEEK, last_week
from evalhub.features.monitoring.models import Monitor
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import TrafficSettings
from tests.cast import Team
from tests.features.traffic.rows_of import a_request, taken

MONDAY = last_week(timezone.now())
"""Of the last complete week."""

type Fields = Callable[[int, int], dict[str, Any]]
"""Fields of a user's request, by the numbers of both."""


def sent(
    team: Team, weeks_ago: int, fields: Fields, *, users: int, requests: int = 1, key: str = ""
) -> None:
    """Requests of a week: 0 is the last complete one, −1 the one that goes on."""
    first = datetime.combine(MONDAY - weeks_ago * WEEK, time(), UTC)
    rows = [
        a_request(
            f"{key}w{weeks_ago}-u{user}-{number}",
            time=first + timedelta(minutes=7 * user + number),
            **{"user": f"user-{user}", "language": "en"} | fields(user, number),
        )
        for user in range(users)
        for number in range(requests)
    ]
    result = taken(team.project, rows)
    assert result.requests == len(rows), result.flaws


def routes(shares: dict[str, float]) -> Fields:
    """Users of one route each, in these shares."""
    names = np.repeat(list(shares), [round(100 * share) for share in shares.values()])
    return lambda user, _: {"route": str(names[user % len(names)])}


def watched(team: Team, **plan: Any) -> Monitor:
    """A monitor of routes alone, unless the plan says otherwise, that began in the last week."""
    stated = validate(InputsPlan, {"of": "inputs", "by": ["route"], "texts": False} | plan)
    monitor = add_monitor(project=team.project, by=team.eva, plan=stated)
    began = datetime.combine(MONDAY, time(), UTC)
    Monitor.objects.filter(pk=monitor.pk).update(created=began)
    return Monitor.objects.get(pk=monitor.pk)


def keeps_texts(team: Team) -> None:
    """With one salt always, as the order of users' hashes says which of them are drawn."""
    change_settings(project=team.project, by=team.olga, text_share=1.0, text_days=90)
    TrafficSettings.objects.filter(project=team.project).update(salt="0" * 64)

"""Ninety days of traffic, of which the last are worse: one alarm, however often somebody looks."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.monitor import OperationsPlan
from evalhub.features.monitoring.judging import StreamRule, state_of_days
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Monitor, RetrainProposal, StreamDay
from evalhub.stats.day_batches import RatioDay
from tests.features.monitoring.monitored_year import (
    RaisedAlarm,
    WatchedProject,
    a_watched_project,
    live_through,
    next_morning,
    raised_alarms,
)
from tests.features.monitoring.simulated_traffic import (
    Change,
    SimulatedTraffic,
    TrafficDay,
    TrafficYear,
)

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]
DAYS, CHANGED = 90, 60
PLAN = {
    "measures": [
        {"metric": "errors", "margin": 0.01},
        {"metric": "requests", "margin": 0.3},
        {"metric": "thumbs_down", "margin": 0.01},
        {"metric": "retries", "margin": 0.01},
    ],
    "slices": "route",
}


def a_desk() -> WatchedProject:
    """Since a Monday, so that the draws of its weekends are the same in every run."""
    today = timezone.now().date()
    first = today - timedelta(days=DAYS + (today.weekday() + 1) % 7)
    return a_watched_project(slug="desk", first=first, plan=validate(OperationsPlan, PLAN))


def lived(watched: WatchedProject, *changes: Change) -> Sequence[RaisedAlarm]:
    year = TrafficYear(days=DAYS, requests=200, launch=30, changes=changes)
    return live_through(watched, SimulatedTraffic(year, seed=3))


def test_a_launch_and_weekends_are_no_alarm() -> None:
    assert lived(a_desk()) == []


@pytest.mark.parametrize("alarm", [False, True])
def test_a_season_is_no_alarm_of_requests_and_the_loss_of_half_of_them_is(alarm: bool) -> None:
    """By the usual margin, looked at every five days of a year. A rule that is wrong once in six
    years is in some: the year is always the same."""
    traffic = SimulatedTraffic(TrafficYear(requests=100), seed=0)
    days = [
        _number_of(day, halved=alarm and n >= 300)
        for n, day in enumerate(traffic.days(date(2025, 1, 1)))
    ]
    rule = StreamRule(
        worse="lower", margin=0.2, false_alarms_a_year=1 / 6, events=False, in_shares=True,
        is_number=True,
    )  # fmt: skip
    raised = [end for end in range(30, 366, 5) if state_of_days(days[:end], rule).is_alarm(rule)]
    assert raised == [] if not alarm else 300 < raised[0] <= 330


def _number_of(day: TrafficDay, *, halved: bool) -> RatioDay:
    """A day's requests, with the squares of users' numbers."""
    requests = day.requests[:: 2 if halved else 1]
    numbers = Counter(request.user for request in requests).values()
    y, squares = float(len(requests)), float(sum(number**2 for number in numbers))
    return RatioDay(day.day, len(numbers), y, 1.0, squares, y, 1.0)


def test_a_loss_raises_one_alarm_and_proposes_to_train_again() -> None:
    watched = a_desk()
    alarms = lived(watched, Change("thumbs", CHANGED, 0.06))
    [alarm] = [alarm for alarm in alarms if alarm.subject == "thumbs_down"]
    assert CHANGED < alarm.day <= CHANGED + 10
    assert alarm.since is not None
    assert abs(alarm.since - CHANGED) <= 3
    assert all(other.day > CHANGED for other in alarms)
    proposal = RetrainProposal.objects.get(alarm__subject="thumbs_down")
    assert proposal.evidence.loss.low < 0.06 < proposal.evidence.loss.high
    assert proposal.evidence.monthly is not None
    _is_the_same_after_a_restart(watched, alarms)


def _is_the_same_after_a_restart(watched: WatchedProject, alarms: Sequence[RaisedAlarm]) -> None:
    """Nothing that was measured is lost with the process: the same days are counted again, and
    nothing is raised twice."""
    before = _days(watched.monitor)
    StreamDay.objects.filter(stream__monitor=watched.monitor).delete()
    watched.monitor.days.all().delete()
    look(watched.monitor, now=next_morning(watched.first + timedelta(days=DAYS - 1)))
    assert _days(watched.monitor) == before
    assert list(raised_alarms(watched)) == alarms


def _days(monitor: Monitor) -> list[tuple[object, ...]]:
    rows = StreamDay.objects.filter(stream__monitor=monitor).order_by("stream", "day")
    return list(rows.values_list("stream", "day", "users", "y", "x", "yy"))

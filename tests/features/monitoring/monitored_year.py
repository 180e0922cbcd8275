"""A project whose traffic comes in day by day, and whose monitors look once a day.

watched = a_watched_project(slug="desk", first=first, plan=plan)
alarms = live_through(watched, SimulatedTraffic(year, seed=1))

Traffic is stored by the product's own verb, and monitors look by theirs, with the clock of the
simulated day. Nobody can promote a version in the past: so the promotion is written as it would
have been, on the day before the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from evalhub.accounts.models import Project
from evalhub.declare.monitor import OperationsPlan
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.alarms import resolve_alarm
from evalhub.features.monitoring.false_alarms import set_false_alarms
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Alarm, Monitor, Resolution
from evalhub.features.traffic.keeping import settings_of
from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.traffic.rows import TrafficSource
from evalhub.features.traffic.served import state_served_version
from evalhub.features.traffic.taking_in import take_in
from evalhub.ledger.models import Promotion
from tests.cast import a_team, a_version
from tests.features.monitoring.simulated_traffic import (
    SERVED_NAME,
    SimulatedTraffic,
    TrafficDay,
    numbered,
)

KEPT_DAYS = 400
MORNING = time(6, tzinfo=UTC)
"""When monitors look, on the day after."""


@dataclass(frozen=True, slots=True)
class WatchedProject:
    """A project with a champion and a monitor, both from the first day on."""

    project: Project
    monitor: Monitor
    first: date


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm, with the simulated days on which it was raised and since which there is a change,
    both from 0."""

    subject: str
    day: int
    since: int | None
    sentence: str


def a_watched_project(
    *, slug: str, first: date, plan: OperationsPlan, false_alarms_a_year: float = 1.0
) -> WatchedProject:
    """A champion by Olga's word, served since the first day, and a monitor of its operations."""
    team = a_team(name=slug.capitalize(), slug=slug)
    version = a_version(team, "base")
    begun = datetime.combine(first - timedelta(days=1), time(), UTC)
    Promotion.objects.create(
        project=team.project, version=version, by=team.olga, reason="It runs.", created=begun
    )
    settings_of(team.project)
    TrafficSettings.objects.filter(project=team.project).update(salt="pepper", days=KEPT_DAYS)
    state_served_version(
        project=team.project, by=None, name=SERVED_NAME, version=version, since=begun
    )
    set_false_alarms(project=team.project, by=None, a_year=false_alarms_a_year)
    monitor = add_monitor(
        project=team.project, by=None, plan=plan, false_alarms_a_year=false_alarms_a_year
    )
    return WatchedProject(team.project, monitor, first)


def live_through(
    watched: WatchedProject,
    traffic: SimulatedTraffic,
    *,
    resolve_before: int = 0,
) -> list[RaisedAlarm]:
    """The alarms of a year: each day's traffic comes in, and the monitor looks the next morning.

    Args:
        resolve_before: an alarm that is raised before this day is resolved as false at once, so
            that the next one can be raised.
    """
    for number, day in enumerate(traffic.days(watched.first)):
        store(watched.project, day)
        now = next_morning(day.day)
        look(watched.monitor, now=now)
        if number < resolve_before:
            for alarm in open_alarms(watched):
                resolve_alarm(
                    alarm=alarm, resolution=Resolution.FALSE, reason="Simulated.", by=None, now=now
                )
    return list(raised_alarms(watched))


def next_morning(day: date) -> datetime:
    """When the monitor looks at what came on a day."""
    return datetime.combine(day + timedelta(days=1), MORNING)


def store(project: Project, day: TrafficDay) -> None:
    """Takes a day's traffic in."""
    take_in(
        project=project,
        source=TrafficSource.REST,
        requests=numbered(day.requests),
        signals=numbered(day.signals),
    )


def open_alarms(watched: WatchedProject) -> Sequence[Alarm]:
    return list(watched.monitor.alarms.filter(resolved=None).select_related("monitor__project"))


def raised_alarms(watched: WatchedProject) -> Iterator[RaisedAlarm]:
    """All alarms so far, the oldest first."""
    for alarm in watched.monitor.alarms.order_by("raised", "pk"):
        since = None if alarm.since is None else (alarm.since - watched.first).days
        day = (alarm.raised.date() - watched.first).days
        yield RaisedAlarm(alarm.subject, day, since, alarm.sentence)

"""Streams of a team's champion whose last days are worse, and the alarms that they raise.

alarm = an_alarm(team, a_stream(team, rates=[0.03] * 21 + [0.08] * 7))
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.declare.monitor import MonitorPlan
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.monitoring.alarms import raise_alarm
from evalhub.features.monitoring.judging import StreamRule, stream_state
from evalhub.features.monitoring.models import Alarm, Monitor, Stream, StreamDay
from evalhub.ledger.models import Promotion
from evalhub.registry.models import ModelVersion
from evalhub.stats.e_detector import Worse
from tests.cast import Team, a_version

FIRST = date(2026, 9, 7)
"""A Monday."""
USERS = 300
PLANS: dict[str, dict[str, Any]] = {
    "operations": {"of": "operations"},
    "inputs": {"of": "inputs"},
    "answers": {"of": "answers", "test_set": "questions"},
    "quality": {"of": "quality", "measures": [{"metric": {"name": "json_valid"}, "margin": 0.02}]},
}


def a_champion(team: Team) -> ModelVersion:
    """The project's champion; the first time its base, by Olga's word."""
    promotion = Promotion.objects.current(team.project)
    if promotion is None:
        version = a_version(team, "base")
        promotion = override_champion(version=version, by=team.olga, reason="It runs.")
    return promotion.version


def a_monitor(team: Team, kind: str = "operations") -> Monitor:
    """The project's monitor of this kind."""
    monitor, _ = Monitor.objects.get_or_create(
        project=team.project,
        kind=kind,
        defaults={
            "plan": validate(MonitorPlan, PLANS[kind]),  # type: ignore[arg-type]
            "false_alarms_a_year": 1.0,
            "due": timezone.now(),
        },
    )
    return monitor


def a_stream(
    team: Team,
    *,
    rates: Sequence[float],
    metric: str = "thumbs_down",
    kind: str = "operations",
    version: ModelVersion | None = None,
    slice_: tuple[str, str] = ("", ""),
    first: date = FIRST,
) -> Stream:
    """A stream with a day for each rate: so many users, of two requests each. Every other day is a
    tenth above its rate, and the others below."""
    stream = Stream.objects.create(
        monitor=a_monitor(team, kind),
        version=version or a_champion(team),
        metric=metric,
        slice_kind=slice_[0],
        slice_value=slice_[1],
        since=first,
    )
    StreamDay.objects.bulk_create(
        _day(stream, first + timedelta(days=number), rate * (1.1 if number % 2 else 0.9))
        for number, rate in enumerate(rates)
    )
    return stream


def _day(stream: Stream, day: date, rate: float) -> StreamDay:
    """So many users as have events, one each, that the rate is met."""
    y = rate * USERS * 2
    return StreamDay(
        stream=stream,
        day=day,
        users=USERS,
        y=y,
        x=2.0 * USERS,
        yy=y,
        xy=2 * y,
        xx=4.0 * USERS,
        counted=timezone.now(),
    )


def _evidence(stream: Stream) -> dict[str, object]:
    worse: Worse = "lower" if stream.monitor.kind == "quality" else "higher"
    rule = StreamRule(worse=worse, margin=0.01, false_alarms_a_year=1.0)
    return stream_state(stream, rule, last=date.max).numbers(rule)


def an_alarm(
    team: Team,
    stream: Stream | None,
    *,
    kind: str = "",
    subject: str = "",
    at: datetime = datetime(2026, 10, 5, 6, tzinfo=UTC),
) -> Alarm:
    """An alarm of a stream, since its fourth week; or one without a stream."""
    monitor = stream.monitor if stream else a_monitor(team, kind)
    alarm = raise_alarm(
        monitor=monitor,
        subject=subject or (stream.metric if stream else kind),
        sentence="It is worse.",
        evidence=_evidence(stream) if stream else {},
        at=at,
        stream=stream,
        version=stream.version if stream else a_champion(team),
        since=FIRST + timedelta(weeks=3),
    )
    assert alarm is not None
    return alarm

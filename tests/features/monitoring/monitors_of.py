"""Monitors as they are after some weeks: streams with their days, alarms and notices."""

from datetime import date, timedelta
from math import sin

from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.declare.declaration import validate
from evalhub.declare.monitor import OperationsPlan
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.alarms import raise_alarm
from evalhub.features.monitoring.models import Alarm, Monitor, NoticeKind, Stream, StreamDay
from evalhub.features.monitoring.notices import set_notices
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version

METRICS = {
    "errors": 0.02,
    "slow": 0.05,
    "requests": 4000.0,
    "tokens": 850.0,
    "cost": 0.0032,
    "thumbs_down": 0.03,
}


def a_champion(team: Team) -> ModelVersion:
    """A version that runs by an owner's word."""
    version = a_version(team, "lora")
    override_champion(version=version, by=team.olga, reason="It runs.")
    return version


def a_plan(**plan: object) -> OperationsPlan:
    """Of errors, unless it says otherwise."""
    measures = [{"metric": "errors", "margin": 0.01}]
    return validate(OperationsPlan, {"of": "operations", "measures": measures, **plan})


def a_monitor(
    team: Team, *, share: float = 1.0, owner: User | None = None, **plan: object
) -> Monitor:
    """A monitor of operations."""
    return add_monitor(
        project=team.project,
        by=team.eva,
        plan=a_plan(**plan),
        false_alarms_a_year=share,
        owner=owner,
    )


def a_stream(
    monitor: Monitor,
    version: ModelVersion,
    metric: str = "errors",
    *,
    days: int = 40,
    change: float = 0.0,
    slice_value: str = "",
) -> Stream:
    """Days until yesterday; in the last ten the metric has changed by that much of its value."""
    today = timezone.now().date()
    stream = Stream.objects.create(
        monitor=monitor,
        version=version,
        metric=metric,
        slice_kind="route" if slice_value else "",
        slice_value=slice_value,
        since=today - timedelta(days=days),
    )
    StreamDay.objects.bulk_create(
        _day(stream, today - timedelta(days=back), back, change) for back in range(days, 0, -1)
    )
    return stream


def _day(stream: Stream, day: date, back: int, change: float) -> StreamDay:
    mean = METRICS[stream.metric] * (1 + (change if back <= 10 else 0) + 0.1 * sin(back * 1.7))
    users = 400 if stream.metric != "requests" else 300
    x = 1.0 if stream.metric == "requests" else 4000.0
    y = mean * x
    spread = users * (y / users) ** 2 * (1.2 if x > 1 else 1.0)
    return StreamDay(
        stream=stream,
        day=day,
        users=users,
        y=y,
        x=x,
        yy=spread + y * y / users,
        xy=y * x / users,
        xx=x * x / users,
        counted=timezone.now(),
    )


def an_alarm(stream: Stream, **more: object) -> Alarm:
    """An open one, raised yesterday."""
    now = timezone.now()
    alarm = raise_alarm(
        monitor=stream.monitor,
        subject=f"{stream}",
        sentence=f"{stream.metric.capitalize()} rose by 3.1 points [1.2, 4.4], from 2.0% to 5.1%",
        evidence={"change": 0.031, "lower": 0.012, "reference": 0.02, "users": 212_000, "days": 9},
        at=now - timedelta(days=1),
        stream=stream,
        version=stream.version,
        since=(now - timedelta(days=10)).date(),
    )
    assert alarm is not None
    return alarm


def a_notice(monitor: Monitor, kind: NoticeKind = NoticeKind.NO_TRAFFIC) -> None:
    sentence = "No request came since 28 Nov: nothing can be said of errors or cost."
    set_notices(monitor, {kind: sentence}, now=timezone.now() - timedelta(hours=3))


def looked(monitor: Monitor) -> Monitor:
    """As if the timer had looked an hour ago."""
    monitor.looked = timezone.now() - timedelta(hours=1)
    monitor.save(update_fields=["looked"])
    return monitor


def a_watched_project(team: Team) -> tuple[Monitor, Alarm]:
    """A monitor with all its streams by day and by route, one of which has an open alarm."""
    version = a_champion(team)
    plan = {
        "measures": [
            {"metric": metric, "margin": 0.01 if value < 1 else 0.1}
            for metric, value in METRICS.items()
        ],
        "slow_ms": 2000,
        "slices": "route",
    }
    monitor = looked(a_monitor(team, share=1.5, owner=team.eva, **plan))
    streams = [
        a_stream(monitor, version, metric, change=1.2 if metric == "errors" else 0.0)
        for metric in METRICS
    ]
    for route in ("billing", "account/settings"):
        a_stream(monitor, version, "errors", slice_value=route)
        a_stream(monitor, version, "cost", slice_value=route)
    return monitor, an_alarm(streams[0])

"""One look of a monitor of operations: its days are counted, and its streams judged."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from evalhub.features.monitoring.alarms import raise_of_stream
from evalhub.features.monitoring.judging import StreamRule, StreamState, stream_state
from evalhub.features.monitoring.models import Check, Monitor, NoticeKind, Stream
from evalhub.features.monitoring.notices import set_notices
from evalhub.features.monitoring.operations.days import (
    count_days,
    due_days,
    last_closed_day,
    last_day,
)
from evalhub.features.monitoring.operations.metrics import columns_of
from evalhub.features.monitoring.operations.streams import plan_of, rule_of, running_streams
from evalhub.features.monitoring.operations.words import alarm_sentence
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.served import ServedVersions
from evalhub.ledger.models import Promotion
from evalhub.stats.day_batches import REFERENCE_BATCHES, REFERENCE_DAYS

LOOK_EVERY = timedelta(minutes=30)
QUIET = timedelta(hours=24)
"""Without a request for so long there is no traffic."""
_OF_TRAFFIC = (NoticeKind.NO_CHAMPION, NoticeKind.NO_TRAFFIC)

type States = Mapping[Stream, tuple[StreamRule, StreamState]]


def look_at_operations(monitor: Monitor, now: datetime) -> datetime:
    """Counts the champion's days that are over, and judges its streams where something came."""
    promotion = Promotion.objects.current(monitor.project)
    served = ServedVersions.of(monitor.project)
    lack = _lack_of_champion(promotion, served)
    if promotion is None or lack:
        set_notices(monitor, {NoticeKind.NO_CHAMPION: lack}, now=now)
        return now + LOOK_EVERY
    set_notices(monitor, _lack_of_traffic(monitor, promotion, served, now), now=now, of=_OF_TRAFFIC)
    streams = running_streams(monitor, promotion, served, now)
    count_days(monitor, due_days(monitor, streams, now), served, now)
    if _is_news(monitor, now):
        _judge(monitor, _states(monitor, streams, now), now)
    return now + LOOK_EVERY


def _lack_of_champion(promotion: Promotion | None, served: ServedVersions) -> str:
    if promotion is None:
        return "The project has no champion: promote one."
    if promotion.version_id not in served.versions:
        return (
            f"Nobody has said under which name {promotion.version} is served: say it on the page "
            "of production."
        )
    return ""


def _lack_of_traffic(
    monitor: Monitor, promotion: Promotion, served: ServedVersions, now: datetime
) -> Mapping[NoticeKind, str]:
    project, route = monitor.project, plan_of(monitor).route
    of_route = RollUp.objects.sliced(project, "route", route)
    hours = of_route if route else RollUp.objects.overall(project)
    hours = hours.filter(hour__lte=now).filter(served.condition(promotion.version_id, "hour"))
    last = hours.aggregate(last=Max("hour"))["last"]
    if last is not None and now - last < QUIET:
        return {}
    since = "yet" if last is None else f"since {last:%Y-%m-%d %H}:00 UTC"
    which = f"{promotion.version}, route {route}," if route else f"{promotion.version}"
    return {NoticeKind.NO_TRAFFIC: f"No request of {which} has come {since}."}


def _is_news(monitor: Monitor, now: datetime) -> bool:
    """Whether something was counted that wasn't judged: whoever counted it may have died."""
    check = monitor.checks.filter(key=str(last_day(now))).first()
    if check is None:
        return True
    counted = monitor.days.aggregate(last=Max("counted"))["last"]
    return counted is not None and counted > check.at


def _states(monitor: Monitor, streams: Sequence[Stream], now: datetime) -> States:
    states = {}
    for stream in streams:
        rule = rule_of(stream, monitor, streams)
        is_feedback = columns_of(stream).is_feedback
        last = last_closed_day(monitor, now) if is_feedback else last_day(now)
        states[stream] = rule, stream_state(stream, rule, last=last)
    return states


@transaction.atomic
def _judge(monitor: Monitor, states: States, now: datetime) -> None:
    raised = [stream.pk for stream in states if _raise(monitor, stream, *states[stream], now)]
    if earlier := monitor.checks.filter(key=str(last_day(now))).first():
        raised = [*earlier.report["raised"], *raised]
    Check.objects.update_or_create(
        monitor=monitor,
        key=str(last_day(now)),
        defaults={
            "at": now,
            "is_alarm": bool(raised),
            "report": {"streams": len(states), "raised": raised},
        },
    )
    set_notices(monitor, _lack_of_reference(states), now=now, of=[NoticeKind.TOO_FEW])


def _raise(
    monitor: Monitor, stream: Stream, rule: StreamRule, state: StreamState, now: datetime
) -> bool:
    route = plan_of(monitor).route
    return state.is_alarm(rule) and raise_of_stream(
        stream,
        rule,
        state,
        subject=f"{stream}, route {route}" if route else str(stream),
        sentence=alarm_sentence(stream, state),
        at=now,
    )


def _lack_of_reference(states: States) -> Mapping[NoticeKind, str]:
    """What is said of all requests as long as a reference isn't complete."""
    lacking = {
        stream: state
        for stream, (_, state) in states.items()
        if state.reference is None and not stream.slice_kind
    }
    if not lacking:
        return {}
    parts = [
        f"{stream.metric.replace('_', ' ')} ({state.batches.reference_days} days in "
        f"{len(state.batches.values)} batches)"
        for stream, state in lacking.items()
    ]
    return {
        NoticeKind.TOO_FEW: f"The reference needs {REFERENCE_DAYS} days and {REFERENCE_BATCHES} "
        f"batches of enough users. Until then nothing can be said of {', '.join(parts)}."
    }

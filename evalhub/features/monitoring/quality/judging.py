"""Judge the streams of recent answers' quality, and raise an alarm of what has become worse."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from evalhub.declare.monitor import QualityPlan
from evalhub.features.monitoring.alarms import raise_of_stream
from evalhub.features.monitoring.judging import StreamRule, StreamState, stream_state
from evalhub.features.monitoring.models import Check, Monitor, Stream
from evalhub.features.monitoring.quality.measures import margins_of, metrics_of
from evalhub.features.monitoring.quality.streams import PAIRS

WEEKS_A_YEAR = 365.25 / 7
UNIT_INTERVAL = (0.0, 1.0)


def judge_streams(monitor: Monitor, now: datetime) -> Mapping[Stream, StreamState]:
    """Judges the monitor's running streams by all their days, which are scored once they are over.
    An alarm of what is open already isn't raised again."""
    streams = list(monitor.streams.filter(ended=None).select_related("version__model"))
    last = now.date() + timedelta(days=1)
    states = {stream: stream_state(stream, quality_rule(stream), last=last) for stream in streams}
    with transaction.atomic():
        raised = [stream.pk for stream, state in states.items() if _raise(stream, state, now)]
        if earlier := monitor.checks.filter(key=now.date().isoformat()).first():
            raised = [*earlier.report["raised"], *raised]
        if streams:
            Check.objects.update_or_create(
                monitor=monitor,
                key=now.date().isoformat(),
                defaults={
                    "at": now,
                    "is_alarm": bool(raised),
                    "report": {"streams": len(states), "raised": raised},
                },
            )
    return states


def reference_lack(states: Mapping[Stream, StreamState]) -> str:
    """Which streams have too few users for a reference yet; "" where none lacks it."""
    names = [stream.metric for stream, state in states.items() if state.reference is None]
    return f"the reference isn't complete of {', '.join(sorted(names))}" if names else ""


def quality_rule(stream: Stream) -> StreamRule:
    """The monitor's false alarms are shared equally by its metrics and its pairs."""
    plan: QualityPlan = stream.monitor.plan
    share = stream.monitor.false_alarms_a_year / (len(plan.measures) + (plan.pairs is not None))
    if stream.metric.startswith(PAIRS):
        assert plan.pairs is not None
        return StreamRule(
            worse="lower",
            margin=plan.pairs.margin,
            false_alarms_a_year=share,
            steps_a_year=WEEKS_A_YEAR,
        )
    metric = metrics_of(plan)[stream.metric]
    return StreamRule(
        worse="lower" if metric.rises else "higher",
        margin=margins_of(plan)[stream.metric],
        false_alarms_a_year=share,
        events=metric.reach == UNIT_INTERVAL,
    )


def _raise(stream: Stream, state: StreamState, now: datetime) -> bool:
    rule = quality_rule(stream)
    return state.is_alarm(rule) and raise_of_stream(
        stream,
        rule,
        state,
        subject=stream.metric,
        sentence=_sentence(stream, state, rule),
        at=now,
    )


def _sentence(stream: Stream, state: StreamState, rule: StreamRule) -> str:
    """As "lora v2: json_valid fell from 0.98 to 0.91 since 2026-12-03, by 0.05 at least"."""
    assert state.change is not None
    assert state.reference is not None
    assert state.value is not None
    verb = "fell" if rule.worse == "lower" else "rose"
    return (
        f"{stream.version}: {stream.metric} {verb} from {state.reference:.3g} to {state.value:.3g} "
        f"since {state.since}, by {state.change.lower:.2g} at least"
    )

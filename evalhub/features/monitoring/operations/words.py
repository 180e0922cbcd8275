"""What an alarm of operations says, in a sentence."""

from math import exp

from evalhub.declare.monitor import OperationsMetric
from evalhub.features.monitoring.judging import StreamState
from evalhub.features.monitoring.models import Stream
from evalhub.features.monitoring.operations.metrics import COLUMNS_OF


def alarm_sentence(stream: Stream, state: StreamState) -> str:
    """As "support v2: requests with an error rose from 2.0% to 5.1% since 2026-12-03, by 2.2
    points at least, of 1,203 users"."""
    assert state.reference is not None
    assert state.value is not None
    assert state.change is not None
    metric = OperationsMetric(stream.metric)
    columns = COLUMNS_OF[metric]
    part = f" of {stream.slice_kind} {stream.slice_value}" if stream.slice_kind else ""
    verb = "rose" if columns.worse == "higher" else "fell"
    return (
        f"{stream.version}: {columns.label}{part} {verb} from {_text(metric, state.reference)} to "
        f"{_text(metric, state.value)} since {state.since}, by {_least(metric, state)} at least, "
        f"of {state.users:,} users"
    )


def _text(metric: OperationsMetric, value: float) -> str:
    if COLUMNS_OF[metric].events:
        return f"{value:.1%}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _least(metric: OperationsMetric, state: StreamState) -> str:
    """The lower end of the change, with the usual weekdays taken out."""
    assert state.change is not None
    if metric is OperationsMetric.REQUESTS:
        return f"{1 - exp(-state.change.lower):.0%}"
    if COLUMNS_OF[metric].events:
        return f"{100 * state.change.lower:.1f} points"
    return _text(metric, state.change.lower)

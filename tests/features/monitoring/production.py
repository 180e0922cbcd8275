"""A champion that has been in production for some days, and its requests."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from evalhub.declare.monitor import OperationsMeasure, OperationsMetric, OperationsPlan
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.models import Monitor
from evalhub.features.traffic.rows import RequestRow, SignalRow
from evalhub.features.traffic.served import state_served_version
from evalhub.ledger.models import Promotion
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.traffic.rows_of import a_request, taken

NAME = "support-7b"
AT_ONCE = 2_000


def days_ago(number: int) -> date:
    return timezone.now().astimezone(UTC).date() - timedelta(days=number)


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def a_champion(
    team: Team, *, since: date, name: str = NAME, model: str = "base", **version_fields: Any
) -> ModelVersion:
    """A version that was promoted on the day before, and is served under a name since."""
    version, before = a_version(team, model, **version_fields), at(since - timedelta(days=1), 0)
    current = Promotion.objects.current(team.project)
    Promotion.objects.create(
        project=team.project,
        version=version,
        by=team.olga,
        reason="It runs.",
        before=current,
        created=before,
    )
    state_served_version(project=team.project, by=None, name=name, version=version, since=before)
    return version


def a_monitor(
    team: Team, *metrics: str, margin: float = 0.02, share: float = 1.0, **plan: Any
) -> Monitor:
    """A monitor of operations of these metrics."""
    measures = [
        OperationsMeasure(metric=OperationsMetric(metric), margin=margin)
        for metric in metrics or ["errors"]
    ]
    return add_monitor(
        project=team.project,
        by=team.eva,
        plan=OperationsPlan(measures=tuple(measures), **plan),
        false_alarms_a_year=share,
    )


def send(
    team: Team,
    days: Iterable[date],
    *,
    users: int,
    errors: Callable[[int], int] = lambda number: 0,
    signals: Callable[[RequestRow, int], Iterable[SignalRow]] = lambda request, number: (),
    key: str = "",
    **fields: Any,
) -> None:
    """Sends a request of each user on each day, the first of which fail.

    Args:
        errors: how many fail on the day of this number.
        signals: about a request of the user of this number.
    """
    rows: list[RequestRow] = []
    feedback: list[SignalRow] = []
    for number, day in enumerate(days):
        for user in range(users):
            request = a_request(
                f"{key}{day}-{user}",
                time=at(day),
                user=f"{key}u{user}",
                error_type="timeout" if user < errors(number) else "",
                **{"model": NAME} | fields,
            )
            rows.append(request)
            feedback += signals(request, user)
    for batch in _batches(rows):
        taken(team.project, batch)
    for batch_of_signals in _batches(feedback):
        taken(team.project, signals=batch_of_signals)


def _batches[T](rows: list[T]) -> Iterator[list[T]]:
    for first in range(0, len(rows), AT_ONCE):
        yield rows[first : first + AT_ONCE]

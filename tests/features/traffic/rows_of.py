"""Rows of traffic as a sender has them, and the batches that carry them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.features.traffic.rows import TARGETS, RequestRow, SignalRow, TrafficSource
from evalhub.features.traffic.taking_in import Taken, take_in


def noon(days_ago: int = 1) -> datetime:
    """A moment that is always taken, and whose neighbouring hours are on the same day."""
    now = timezone.now()
    return now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


def a_request(key: str = "r1", /, **fields: Any) -> RequestRow:
    """A request of yesterday noon, of served model support-7b."""
    return RequestRow(**{"id": key, "time": noon(), "model": "support-7b"} | fields)


def a_signal(key: str = "s1", /, **fields: Any) -> SignalRow:
    """A thumb up a minute after, of the request r1 where nothing else is stated."""
    about = {} if fields.keys() & set(TARGETS) else {"request": "r1"}
    time = noon() + timedelta(minutes=1)
    return SignalRow(**{"id": key, "time": time, "name": "thumb", "value": 1.0} | about | fields)


def taken(
    project: Project,
    requests: Iterable[RequestRow] = (),
    signals: Iterable[SignalRow] = (),
    **more: Any,
) -> Taken:
    """What becomes of a batch of these rows, numbered from 1."""
    return take_in(
        project=project,
        requests=list(enumerate(requests, 1)),
        signals=list(enumerate(signals, 1)),
        **{"source": TrafficSource.REST} | more,
    )

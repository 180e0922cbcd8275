"""What people said of production's answers, by request: good, bad, or nothing that is clear."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import IntEnum

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import Signal
from evalhub.features.traffic.rows import SignalBy
from evalhub.features.traffic.shadow.answers import EDIT, RequestId

RATED = ("thumb", "rating", "score")
"""Signals whose value says how good an answer was."""
GOOD = ("resolved", "copied")
BAD = ("retry",)
"""Signals that say so by their name, unless their value is 0 or less."""
READ_AT_ONCE = 5_000

type SignalColumns = tuple[RequestId, str, float | None]
"""A request, the signal's name and its value."""


class UserFeedback(IntEnum):
    """In the order in which requests are drawn."""

    POSITIVE = 0
    NONE = 1
    NEGATIVE = 2

    @property
    def word(self) -> str:
        return "" if self is UserFeedback.NONE else self.name.lower()


def feedback_by_request(
    project: Project, first: datetime.date, last: datetime.date
) -> dict[RequestId, UserFeedback]:
    """What people said of requests of these days. Who said nothing clear isn't in it.

    An edited answer is good feedback: its text is the better answer. One query.
    """
    signals = Signal.objects.filter(
        project=project, by=SignalBy.PERSON, request_day__range=(first, last)
    ).exclude(request_key="")
    names = {*RATED, *GOOD, *BAD, EDIT}
    columns = "request_day", "request_key", "name", "value"
    rows = signals.filter(name__in=names).order_by().values_list(*columns)
    return feedback_of(
        ((day, key), name, value)
        for day, key, name, value in rows.iterator(chunk_size=READ_AT_ONCE)
    )


def feedback_of(signals: Iterable[SignalColumns]) -> dict[RequestId, UserFeedback]:
    """UserFeedback by request: the sign of its signals' sum, one vote each. Pure.

    A rating above the middle of its scale is good, below it bad. A scale is what the values of that
    name span: from 0 to 1 where none lies above 1 (from -1 where one lies below 0), else from the
    least to the largest. Where all ratings above 1 are equal, nothing is known of their scale.
    """
    rows = list(signals)
    middles = {
        name: _middle([v for _, n, v in rows if n == name and v is not None]) for name in RATED
    }
    votes: dict[RequestId, int] = defaultdict(int)
    for request, name, value in rows:
        votes[request] += _vote(name, value, middles)
    edited = {request for request, name, _ in rows if name == EDIT}
    by_sign = {request: _of_votes(count) for request, count in votes.items() if count}
    return by_sign | dict.fromkeys(edited, UserFeedback.POSITIVE)


def _of_votes(count: int) -> UserFeedback:
    return UserFeedback.POSITIVE if count > 0 else UserFeedback.NEGATIVE


def _vote(name: str, value: float | None, middles: Mapping[str, float | None]) -> int:
    if name in RATED:
        middle = middles[name]
        if value is None or middle is None or value == middle:
            return 0
        return 1 if value > middle else -1
    happened = value is None or value > 0
    if name in BAD:
        return -1 if happened else 0
    if name in GOOD:
        return 1 if happened else -1 if name == "resolved" else 0
    return 0


def _middle(values: list[float]) -> float | None:
    """The middle of the scale that these values span; None where they say nothing of it."""
    if not values:
        return None
    low, high = min(values), max(values)
    if high <= 1:
        return 0.0 if low < 0 else 0.5
    return None if low == high else (low + high) / 2

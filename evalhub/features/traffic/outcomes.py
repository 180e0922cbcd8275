"""What came of a request: an error, a refusal, a thumb down, another try. One definition for all
that counts them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from evalhub.features.traffic.models import Signal

REFUSED = ("content_filter", "refusal")
"""What a request's end says that was refused: the provider's filter, or the model itself."""
THUMB, RETRY, REFUSAL = "thumb", "retry", "refusal"
DOWN = "down"
SKEW = timedelta(days=1)
"""A signal may be earlier than its request by this, where two clocks aren't the same."""

ERROR = ~Q(error_type="")
"""Requests that weren't answered."""
ENDED_AS_REFUSED = Q(finish_reason__in=REFUSED)
THUMB_DOWN = Q(label__iexact=DOWN) | Q(value__lte=0)
"""Signals named `thumb` that point down."""
OCCURRED = Q(value=None) | Q(value__gt=0)
"""Signals that say that it was so: one with a value of 0 says that it wasn't."""


@dataclass(frozen=True, slots=True)
class CountedSignal:
    """A signal about a request."""

    time: datetime
    name: str
    value: float | None
    label: str


def signals_by_request(
    project: int, day: date, names: Collection[str], window: timedelta
) -> dict[str, list[CountedSignal]]:
    """By key of a day's requests, the signals of these names about them that came within the
    window after the day. One query."""
    rows = Signal.objects.filter(project=project, request_day=day, name__in=names)
    rows = rows.of_days(day - SKEW, day + window + SKEW).order_by()
    by_request: dict[str, list[CountedSignal]] = defaultdict(list)
    values = rows.values_list("request_key", "time", "name", "value", "label")
    for key, time, name, value, label in values.iterator():
        by_request[key].append(CountedSignal(time, name, value, label))
    return by_request


def occurred(signals: Iterable[CountedSignal], name: str) -> bool:
    """Whether such a signal was given: `OCCURRED`."""
    return any(row.name == name and (row.value is None or row.value > 0) for row in signals)


def has_thumb_down(signals: Iterable[CountedSignal]) -> bool:
    """Whether one is a thumb down: `THUMB_DOWN`."""
    return any(row.name == THUMB and _points_down(row) for row in signals)


def _points_down(signal: CountedSignal) -> bool:
    return signal.label.casefold() == DOWN or (signal.value is not None and signal.value <= 0)

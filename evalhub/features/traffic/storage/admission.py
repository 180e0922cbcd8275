"""Which rows of a batch may be stored: their times, and that none comes twice. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.rows import RequestRow, SignalRow, TextsRow

LARGEST_SKEW = timedelta(hours=1)
"""How far a sender's clock may be ahead of ours."""
LARGEST_AGE_DAYS = 365


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """The times that are taken: from the first day (UTC) to a moment."""

    first_day: date
    last: datetime

    @classmethod
    def at(cls, now: datetime, *, days: int) -> Self:
        """Of a project that keeps its requests for so many days."""
        age = timedelta(days=min(days, LARGEST_AGE_DAYS))
        return cls((now - age).date(), now + LARGEST_SKEW)


@dataclass(frozen=True, slots=True)
class Admitted[R: RequestRow | SignalRow | TextsRow]:
    """A row that may be stored, with its line, and its time in UTC and the day of that."""

    line: int
    row: R
    time: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Admission[R: RequestRow | SignalRow | TextsRow]:
    """What of a batch may be stored.

    Attributes:
        rows: ordered by day and id, so that two batches that hold the same rows never wait for
            each other crosswise.
        repeated: how many rows are the same as one before.
        flaws: a row each that may not.
    """

    rows: list[Admitted[R]]
    repeated: int = 0
    flaws: list[Flaw] = field(default_factory=list)


def admit[R: RequestRow | SignalRow | TextsRow](
    rows: Iterable[tuple[int, R]], limits: TimeLimits
) -> Admission[R]:
    """Each id once a day, and not on the day after or before: the first of the batch counts."""
    by_id: dict[str, list[Admitted[R]]] = {}
    repeated, flaws = 0, list[Flaw]()
    for line, row in rows:
        time = row.time.astimezone(UTC)
        admitted = Admitted(line, row, time, time.date())
        if flaw := _time_flaw(admitted, limits):
            flaws.append(flaw)
            continue
        earlier = by_id.setdefault(row.id, [])
        if any(other.day == admitted.day and other.row == row for other in earlier):
            repeated += 1
        elif flaw := _repeat_flaw(admitted, earlier):
            flaws.append(flaw)
        else:
            earlier.append(admitted)
    taken = [admitted for same_id in by_id.values() for admitted in same_id]
    taken.sort(key=lambda admitted: (admitted.day, admitted.row.id))
    return Admission(taken, repeated, flaws)


def other_day(line: int, key: str, day: date) -> Flaw:
    """The flaw of a row whose id was taken on the day before or after."""
    return Flaw(line, FlawReason.OTHER_DAY, f"the id {key} was taken on {day}", "id")


def other_content(line: int, key: str, names: Sequence[str]) -> Flaw:
    """The flaw of a row whose id was taken the same day with other values of these fields."""
    message = f"the id {key} was taken with another {' and '.join(names)}; nothing was changed"
    return Flaw(line, FlawReason.OTHER_CONTENT, message, names[0])


def _time_flaw(admitted: Admitted[Any], limits: TimeLimits) -> Flaw | None:
    if admitted.time > limits.last:
        message = f"{admitted.time:%Y-%m-%d %H:%M} UTC is ahead of this site's clock"
        return Flaw(admitted.line, FlawReason.CLOCK_AHEAD, message, "time")
    if admitted.day < limits.first_day:
        message = f"{admitted.day} is before {limits.first_day}, the first day that is kept"
        return Flaw(admitted.line, FlawReason.TOO_OLD, message, "time")
    return None


def _repeat_flaw[R: RequestRow | SignalRow | TextsRow](
    admitted: Admitted[R], earlier: Sequence[Admitted[R]]
) -> Flaw | None:
    for other in earlier:
        if other.day == admitted.day:
            names = [
                name
                for name in type(other.row).model_fields
                if getattr(other.row, name) != getattr(admitted.row, name)
            ]
            return other_content(admitted.line, admitted.row.id, names)
        if abs(other.day - admitted.day) == timedelta(days=1):
            return other_day(admitted.line, admitted.row.id, other.day)
    return None

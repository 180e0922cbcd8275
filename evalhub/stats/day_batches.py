"""Days of production pooled to batches that are large enough to be compared, and their reference.

A metric is a ratio of sums over users (`evalhub.stats.user_ratios`), of which a day has sums. A
user of two days counts as two. How large a batch is follows from the reference and from how many
users came, never from what was measured after the reference, so that evidence stays valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

FEWEST_USERS = 50
"""Of a batch."""
FEWEST_EVENTS = 10.0
"""That a batch would have if it deviated by the margin, so that it is about normal."""
REFERENCE_DAYS = 14
"""From the first to the last day of a reference, at least: each weekday twice."""
REFERENCE_BATCHES = 10
UNSEEN_USERS = 10.0
"""So many more users of the reference are supposed to deviate: of days without one error nobody
knows that there are none."""
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class RatioDay:
    """Sums over the users of one day (UTC) with x above 0: of y, x, y², xy, x²."""

    day: date
    users: int
    y: float
    x: float
    yy: float
    xy: float
    xx: float


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches of consecutive days, in the order of time.

    Attributes:
        first, last: (batches,) first and last day of each.
        values: (batches,) Σy/Σx.
        weights: (batches,) effective users (Σx)²/Σx².
        weekends: (batches,) share of x on a Saturday or Sunday.
        variances: (batches,) of the values by the delta method, unseen users of the reference
            included (`UNSEEN_USERS`).
        reference: how many of the first batches are the reference; None: it isn't complete, and
            the batches are those that it has so far.
        reference_days: days from the first to the last of the reference so far.
        waiting: days after the last batch, too few for one.
    """

    first: tuple[date, ...]
    last: tuple[date, ...]
    values: Array
    weights: Array
    weekends: Array
    variances: Array
    reference: int | None
    reference_days: int
    waiting: int


def pooled_days(days: Sequence[RatioDay], *, events: bool, margin: float) -> Batches:
    """Batches of the days, each of one day or of several consecutive ones until it has
    `FEWEST_USERS` and, of events, `FEWEST_EVENTS`. Days without any x are passed over.

    The reference is the first `REFERENCE_DAYS` days, or as many more as `REFERENCE_BATCHES` need.

    Args:
        days: in the order of time.
        events: y counts some of x.
        margin: difference of the ratio that is worth an alarm: a batch has as many days as
            `FEWEST_EVENTS` take at the reference's rate and the margin together.

    Raises StatisticsError for days out of order.
    """
    if any(day.day >= after.day for day, after in pairwise(days)):
        raise StatisticsError("days come in the order of time, each once")
    days = [day for day in days if day.x > 0]
    reference, groups = _reference(days, events=events, margin=margin)
    grouped = sum(len(group) for group in groups)
    first = [group[0].day for group in groups]
    last = [group[-1].day for group in groups]
    reference_last = last[reference - 1] if reference else days[-1].day if days else None
    sums = np.array([_sums(group) for group in groups]).reshape(len(groups), 6)
    y, x, xx = sums.T[[1, 2, 5]]
    return Batches(
        tuple(first),
        tuple(last),
        y / x,
        x**2 / xx,
        np.array([_weekend_share(group) for group in groups], dtype=float),
        _variances(sums, reference or len(groups), events=events),
        reference,
        (reference_last - days[0].day).days + 1 if reference_last else 0,
        len(days) - grouped,
    )


def _reference(
    days: Sequence[RatioDay], *, events: bool, margin: float
) -> tuple[int | None, list[Sequence[RatioDay]]]:
    """How many batches the reference has, and the batches of all days."""
    for end in range(1, len(days) + 1):
        part = days[:end]
        enough_days = (part[-1].day - part[0].day).days + 1 >= REFERENCE_DAYS
        if not enough_days or sum(day.users for day in part) < REFERENCE_BATCHES * FEWEST_USERS:
            continue
        fewest_x = _fewest_x(part, margin) if events else 0.0
        groups = _groups(part, fewest_x)
        if len(groups) >= REFERENCE_BATCHES:
            # what the reference leaves over goes on into the first batch after it
            return len(groups), _groups(days, fewest_x)
    return None, _groups(days, _fewest_x(days, margin) if events and days else 0.0)


def _fewest_x(days: Sequence[RatioDay], margin: float) -> float:
    """In which the rarer of event and no event is expected `FEWEST_EVENTS` times."""
    rate = sum(day.y for day in days) / sum(day.x for day in days)
    rarer = max(min(rate, 1 - rate), 0.0) + margin
    return FEWEST_EVENTS / rarer if rarer > 0 else float("inf")


def _groups(days: Sequence[RatioDay], fewest_x: float) -> list[Sequence[RatioDay]]:
    groups: list[Sequence[RatioDay]] = []
    begin, users, x = 0, 0, 0.0
    for i, day in enumerate(days):
        users, x = users + day.users, x + day.x
        if users >= FEWEST_USERS and x >= fewest_x:
            groups.append(days[begin : i + 1])
            begin, users, x = i + 1, 0, 0.0
    return groups


def _sums(days: Sequence[RatioDay]) -> tuple[float, ...]:
    columns = zip(*((day.users, day.y, day.x, day.yy, day.xy, day.xx) for day in days), strict=True)
    return tuple(float(sum(column)) for column in columns)


def _weekend_share(days: Sequence[RatioDay]) -> float:
    weekend = sum(day.x for day in days if day.day.weekday() >= SATURDAY)
    return weekend / sum(day.x for day in days)


def _variances(sums: Array, reference: int, *, events: bool) -> Array:
    """Of each batch's ratio R: n/(n − 1)·Σ(y − Rx)²/(Σx)², and the batch's part of the unseen
    users' squares: (Rx)² for the x of a random request's user, and x² of events."""
    if not len(sums):
        return np.empty(0)
    users, y, x, yy, xy, xx = sums.T
    ratio = y / x
    squares = np.maximum(yy - 2 * ratio * xy + ratio**2 * xx, 0.0)
    rate = 1.0 if events else y[:reference].sum() / x[:reference].sum()
    typical = (rate * xx[:reference].sum() / x[:reference].sum()) ** 2
    unseen = UNSEEN_USERS * typical * xx / xx[:reference].sum()
    return np.asarray((users / np.maximum(users - 1, 1) * squares + unseen) / x**2)

"""Silences: minutes without any request that the traffic around them doesn't explain."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from evalhub.features.experiments.counting.segments import MINUTE
from evalhub.features.experiments.models import Experiment
from evalhub.features.traffic.days import DAY, midnight
from evalhub.features.traffic.models import RollUp
from evalhub.stats.distributions import log_choose

HOUR = timedelta(hours=1)
AROUND = 120
"""Minutes before and after a silence by which it is judged."""
RARE = 1e-6
"""A silence is named whose chance is smaller: that of all minutes with requests, among those of the
silence and of one side of it, each is on that side. By the side where they are fewer: what is rare
anyway isn't missed, nor are evenings."""
HABIT_DAYS = 7
"""Within so many days before or after, the same hours without requests explain a silence."""

Minutes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SilentMinutes:
    """Minutes in a row without a request, between minutes that had some.

    Attributes:
        minutes: how many.
        missed: requests that were to be expected in them, by the mean of the minutes around.
    """

    first: datetime
    minutes: int
    missed: int


def silences_of(experiment: Experiment, now: datetime) -> list[SilentMinutes]:
    """The experiment's silences by its counted days, in the order of time. Two queries."""
    start = experiment.started.replace(second=0, microsecond=0)
    gaps = list(gaps_of(_requests_by_minute(experiment, start, now), start))
    if not any(gap.minutes * MINUTE >= HOUR for gap in gaps):
        return gaps
    hours = _busy_hours(experiment, now)
    return [gap for gap in gaps if not _is_habit(gap, hours)]


def gaps_of(requests: Minutes, start: datetime) -> Iterator[SilentMinutes]:
    """Silences that the minutes around them don't explain.

    Args:
        requests: in each minute from `start` on.
    """
    busy = np.flatnonzero(requests)
    if not len(busy):
        return
    firsts, ends = busy[:-1] + 1, busy[1:]
    before, after = np.maximum(firsts - AROUND, busy[0]), np.minimum(ends + AROUND, busy[-1] + 1)
    many = _sums_until(requests > 0)
    lengths = ends - firsts
    chances = [
        _chance(end - begin, many[end] - many[begin], lengths)
        for begin, end in ((before, firsts), (ends, after))
    ]
    rare = np.maximum(*chances) < RARE
    sums = _sums_until(requests)
    around = (firsts - before) + (after - ends)
    expected = lengths * (sums[firsts] - sums[before] + sums[after] - sums[ends]) / around
    for at in np.flatnonzero(rare):
        yield SilentMinutes(
            start + int(firsts[at]) * MINUTE, int(lengths[at]), round(float(expected[at]))
        )


def _chance(minutes: Minutes, with_requests: Minutes, silent: Minutes) -> NDArray[np.float64]:
    """That minutes with requests, drawn among some minutes and silent ones, are none of the latter:
    C(minutes, with_requests) / C(minutes + silent, with_requests)."""
    both = log_choose(minutes + silent, with_requests)
    return np.exp(log_choose(minutes, with_requests) - both)


def _sums_until(values: NDArray[np.generic]) -> Minutes:
    """The sum of all values before each place, and at last of all."""
    return np.concatenate([[0], np.cumsum(values, dtype=np.intp)])


def _requests_by_minute(experiment: Experiment, start: datetime, now: datetime) -> Minutes:
    length = max(0, (min(now, experiment.ended or now) - start) // MINUTE + 1)
    requests = np.zeros(length, np.intp)
    for day, minutes in experiment.counted_days.values_list("day", "minutes"):
        offset = (midnight(day) - start) // MINUTE
        first, end = max(offset, 0), min(offset + len(minutes), length)
        if first < end:
            requests[first:end] = minutes[first - offset : end - offset]
    return requests


def _busy_hours(experiment: Experiment, now: datetime) -> set[datetime]:
    """Hours of which the project has requests, of the plan's route if it has one."""
    project, route = experiment.project, experiment.plan.route
    hours = RollUp.objects.sliced(project, "route", route) if route else None
    hours = RollUp.objects.overall(project) if hours is None else hours
    around = hours.between(experiment.started - HABIT_DAYS * DAY, experiment.ended or now)
    return set(around.filter(requests__gt=0).order_by().values_list("hour", flat=True))


def _is_habit(gap: SilentMinutes, busy: Set[datetime]) -> bool:
    """Whether another day had no requests in the same hours, as with a night. What holds no whole
    hour is none."""
    end = gap.first + gap.minutes * MINUTE
    first = gap.first.replace(minute=0)
    first += HOUR if first < gap.first else timedelta()
    hours = [first + number * HOUR for number in range((end - first) // HOUR)]
    if not hours:
        return False
    earliest, latest = min(busy), max(busy)
    for days in range(-HABIT_DAYS, HABIT_DAYS + 1):
        others = [hour + days * DAY for hour in hours]
        is_known = days and earliest <= others[0] and others[-1] <= latest
        if is_known and busy.isdisjoint(others):
            return True
    return False

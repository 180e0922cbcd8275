"""Whose first day a day is: users by arm and by slice, for the check of the sample ratio."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from evalhub.features.experiments.counting.requests import first_requests
from evalhub.features.experiments.counting.segments import Segment
from evalhub.features.experiments.models import Experiment, UserDay
from evalhub.features.experiments.rule import Variant

type Arrivals = dict[str, dict[str, dict[str, list[int]]]]
"""By epoch, kind and value of a slice: users of the champion and of the challenger."""


def arrivals_of(experiment: Experiment, day: date, segments: Sequence[Segment]) -> Arrivals:
    """The users whose first request, of this experiment and of those it continues, came that day,
    by what their first request was. The day's rows are stored already."""
    waiting = _new_users(experiment, day)
    arrivals: Arrivals = {}
    for segment in segments if waiting else ():
        if segment.rule.coverage:
            for unit, slices in first_requests(experiment, segment):
                if waiting.get(unit) == segment.epoch:
                    del waiting[unit]
                    _add(arrivals, segment, unit, slices)
    return arrivals


def _new_users(experiment: Experiment, day: date) -> dict[str, int]:
    """By user who wasn't there before, the epoch of their first request."""
    of_day = UserDay.objects.filter(experiment=experiment, day=day).order_by("-first")
    users = dict(of_day.values_list("unit", "epoch"))
    before = Q(day__lt=day) | Q(day=day, experiment__lt=experiment)
    earlier = UserDay.objects.of_sequence(experiment).filter(before)
    for unit in earlier.order_by().values_list("unit", flat=True).distinct().iterator():
        users.pop(unit, None)
    return users


def _add(arrivals: Arrivals, segment: Segment, unit: str, slices: dict[str, list[str]]) -> None:
    position = list(Variant).index(segment.rule.variant(unit) or Variant.CHAMPION)
    kinds = arrivals.setdefault(str(segment.epoch), {})
    for kind, values in slices.items():
        for value in values:
            kinds.setdefault(kind, {}).setdefault(value, [0, 0])[position] += 1

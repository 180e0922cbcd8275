"""The parts of a day in which one step held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from evalhub.features.experiments.models import Step
from evalhub.features.experiments.rule import RoutingRule
from evalhub.features.traffic.days import DAY, midnight

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Segment:
    """From its start up to but not at its end one rule held."""

    start: datetime
    end: datetime
    epoch: int
    rule: RoutingRule

    def covers(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def segments_of(steps: Sequence[Step], day: date, *, until: datetime | None) -> list[Segment]:
    """The segments of a day, by steps in the order of time; none before the first step.

    Args:
        until: from when on the names of its arms are another experiment's; None: they are its own.
    """
    first, end = midnight(day), midnight(day) + DAY
    if until is not None:
        end = min(end, until)
    times = [*(step.since for step in steps), datetime.max.replace(tzinfo=UTC)]
    spans = zip(steps, pairwise(times), strict=True)
    return [
        Segment(max(start, first), min(stop, end), step.epoch, step.rule)
        for step, (start, stop) in spans
        if max(start, first) < min(stop, end)
    ]

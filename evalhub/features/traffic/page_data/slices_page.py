"""Production by slice: language, route, tag or length of the prompt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RollUp, RollUpQuerySet
from evalhub.features.traffic.page_data.figures import Figures, Sums
from evalhub.features.traffic.page_data.filtering import SliceKind, TrafficFilter, Window
from evalhub.features.traffic.page_data.production_page import answered_by
from evalhub.features.traffic.rows import LARGEST_COUNT
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.storage.histogram import Histogram
from evalhub.features.traffic.storage.roll_ups import hour_of
from evalhub.frames.page.forms import whole_number

MOST_SLICES = 50
LATENCIES = timedelta(days=7)
"""The time of which slices show latencies: histograms of more would take too long to read."""


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice; `share` of all requests of the same time. Its latencies are of the last days."""

    value: str
    share: float
    figures: Figures


@dataclass(frozen=True, slots=True)
class SlicesPage:
    """The largest slices of one kind, lengths from the shortest on, and how many `others` there
    are."""

    kind: SliceKind
    rows: Sequence[SliceRow]
    others: int


def slices_page(
    project: Project, kind: SliceKind, wanted: TrafficFilter, served: ServedVersions, now: datetime
) -> SlicesPage:
    """Three queries."""
    window = Window.until(now, wanted.period)
    condition = answered_by(wanted, served, "hour")
    hours = RollUp.objects.of_kind(project, kind).filter(condition)
    within = hours.between(window.first, window.end).order_by().values_list("slice_value")
    slices = [
        (value, Sums._make(sums))
        for value, *sums in within.annotate(*(Sum(name) for name in Sums._fields))
    ]
    slices.sort(key=lambda pair: (-pair[1].requests, pair[0]))
    largest = dict(slices[:MOST_SLICES])
    if kind is SliceKind.LENGTH:
        largest = dict(sorted(largest.items(), key=lambda pair: _shortest(pair[0])))
    every = RollUp.objects.overall(project).filter(condition).between(window.first, window.end)
    requests = every.aggregate(sum=Sum("requests", default=0))["sum"]
    recent = hours.between(max(window.first, hour_of(now) - LATENCIES), window.end)
    latencies = _latencies(recent, largest)
    return SlicesPage(
        kind=kind,
        rows=[
            SliceRow(value, sums.requests / max(requests, 1), Figures(sums, latencies[value]))
            for value, sums in largest.items()
        ],
        others=len(slices) - len(largest),
    )


def _latencies(hours: RollUpQuerySet, slices: Collection[str]) -> dict[str, Histogram]:
    """By slice. One query."""
    parts: dict[str, list[bytes | memoryview]] = {value: [] for value in slices}
    rows = hours.filter(slice_value__in=slices).order_by().values_list("slice_value", "latency")
    for value, latency in rows:
        parts[value].append(latency)
    return {value: Histogram.read_together(data) for value, data in parts.items()}


def _shortest(label: str) -> int:
    """By which slices of length are ordered; those without a length are last."""
    low = label.partition("-")[0]
    return whole_number(low) if low else LARGEST_COUNT

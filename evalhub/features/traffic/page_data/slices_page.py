"""Production by slice: language, route, tag or length of the prompt."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Sum

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RollUpQuerySet
from evalhub.features.traffic.page_data.figures import Figures, Sums
from evalhub.features.traffic.page_data.filtering import SliceKind, TrafficFilter, Window
from evalhub.features.traffic.page_data.production_page import steps_within
from evalhub.features.traffic.rows import LARGEST_COUNT
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.storage.histogram import Histogram
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
    """Four queries, and three more where a name got another version in this time."""
    window = Window.until(now, wanted.period)
    steps = steps_within(project, kind, wanted, served, window)
    slices = sorted(_sums(steps).items(), key=lambda pair: (-pair[1].requests, pair[0]))
    largest = dict(slices[:MOST_SLICES])
    if kind is SliceKind.LENGTH:
        largest = dict(sorted(largest.items(), key=lambda pair: _shortest(pair[0])))
    every = _sums(steps_within(project, None, wanted, served, window))
    requests = sum(sums.requests for sums in every.values())
    latencies = _latencies(steps, largest, now)
    return SlicesPage(
        kind=kind,
        rows=[
            SliceRow(value, sums.requests / max(requests, 1), Figures(sums, latencies[value]))
            for value, sums in largest.items()
        ],
        others=len(slices) - len(largest),
    )


def _sums(steps: Iterable[RollUpQuerySet]) -> dict[str, Sums]:
    """By slice."""
    parts: dict[str, list[Sequence[float]]] = {}
    for rows in steps:
        of_slices = rows.order_by().values_list("slice_value")
        for value, *sums in of_slices.annotate(*(Sum(name) for name in Sums._fields)):
            parts.setdefault(value, []).append(sums)
    return {value: Sums.together(sums) for value, sums in parts.items()}


def _latencies(
    steps: Iterable[RollUpQuerySet], slices: Collection[str], now: datetime
) -> dict[str, Histogram]:
    """By slice, of the days of LATENCIES."""
    first = datetime.combine(now - LATENCIES, time(), now.tzinfo)
    parts: dict[str, list[bytes | memoryview]] = {value: [] for value in slices}
    for rows in steps:
        recent = rows.filter(slice_value__in=slices, hour__gte=first).order_by()
        for value, latency in recent.values_list("slice_value", "latency"):
            parts[value].append(latency)
    return {value: Histogram.read_together(data) for value, data in parts.items()}


def _shortest(label: str) -> int:
    """By which slices of length are ordered; those without a length are last."""
    low = label.partition("-")[0]
    return whole_number(low) if low else LARGEST_COUNT

"""The page of one monitor: its streams with their charts, its alarms, what it lacks, its looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from evalhub.features.monitoring.looks import LookResult, newest_looks
from evalhub.features.monitoring.models import Alarm, Monitor, Notice, Stream
from evalhub.features.monitoring.page_data.charts import stream_keys
from evalhub.features.monitoring.page_data.estimates import promotion_estimates
from evalhub.features.monitoring.page_data.metric_words import slice_text
from evalhub.features.monitoring.page_data.monitor_rows import MonitorRow, monitor_rows
from evalhub.features.monitoring.page_data.streams import StreamView, read_streams, stream_view
from evalhub.report.charts.parts import Key

MOST_ALARMS, MOST_LOOKS, MOST_NOTICES = 20, 20, 10


@dataclass(frozen=True, slots=True)
class SliceLink:
    """A slice whose streams the page can show; "" is all requests."""

    value: str
    label: str
    alarms: int


@dataclass(frozen=True, slots=True)
class MonitorPage:
    """Attributes:
    streams: of the chosen slice; those with an open alarm first.
    past: resolved alarms, the newest first.
    earlier: notices that ended.
    """

    row: MonitorRow
    slices: Sequence[SliceLink]
    chosen: str
    streams: Sequence[StreamView]
    past: Sequence[Alarm]
    earlier: Sequence[Notice]
    looks: Sequence[LookResult]
    keys: Sequence[Key]


def monitor_page(monitor: Monitor, chosen: str, now: datetime) -> MonitorPage:
    """Some twelve queries.

    Args:
        chosen: a slice as `kind:value`; "" or one that isn't there is all requests.
    """
    [row] = monitor_rows([monitor])
    streams = list(
        monitor.streams.filter(ended=None).select_related("monitor", "version").order_by("pk")
    )
    alarmed = {alarm.stream_id for alarm in row.alarms}
    keys = sorted({_key(stream) for stream in streams})
    chosen = chosen if chosen in keys else ""
    shown = [stream for stream in streams if _key(stream) == chosen]
    views = [
        stream_view(data, now.date(), small=False)
        for data in read_streams(shown, promotion_estimates(monitor), streams)
    ]
    past = monitor.alarms.exclude(resolved=None).select_related("resolved_by", "monitor")
    return MonitorPage(
        row=row,
        slices=_slices(streams, alarmed, chosen),
        chosen=chosen,
        streams=sorted(views, key=lambda view: view.alarm is None),
        past=list(past[:MOST_ALARMS]),
        earlier=list(monitor.notices.exclude(ended=None)[:MOST_NOTICES]),
        looks=newest_looks(monitor, MOST_LOOKS),
        keys=stream_keys(estimates=any(view.estimate for view in views)),
    )


def _key(stream: Stream) -> str:
    return f"{stream.slice_kind}:{stream.slice_value}" if stream.slice_kind else ""


def _slices(streams: Sequence[Stream], alarmed: set[int | None], chosen: str) -> list[SliceLink]:
    """All requests first, then the chosen slice, then those with an open alarm."""
    links = []
    for key, group in groupby(sorted(streams, key=_key), key=_key):
        members = list(group)
        label = slice_text(members[0].slice_kind, members[0].slice_value) or "all requests"
        links.append(SliceLink(key, label, sum(stream.pk in alarmed for stream in members)))
    return sorted(links, key=lambda link: (link.value != "", link.value != chosen, not link.alarms))

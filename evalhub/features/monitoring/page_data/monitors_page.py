"""The page of a project's monitors: what is amiss, the monitors, and their false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evalhub.accounts.models import Project
from evalhub.decision.wording import count_text
from evalhub.features.monitoring.models import Alarm, Notice, Stream
from evalhub.features.monitoring.page_data.monitor_rows import MonitorRow, monitor_rows
from evalhub.features.monitoring.page_data.streams import StreamView, read_streams, stream_view

MOST_CHARTS = 4
"""Small charts of a monitor; its own page has all."""
MOST_ENDED = 20


@dataclass(frozen=True, slots=True)
class MonitorCard:
    """A running monitor with the small charts of its streams: those with alarms first."""

    row: MonitorRow
    streams: Sequence[StreamView]
    others: int


@dataclass(frozen=True, slots=True)
class MonitorsPage:
    """Attributes:
    alarms: open ones that aren't snoozed.
    """

    cards: Sequence[MonitorCard]
    ended: Sequence[MonitorRow]
    alarms: Sequence[Alarm]
    snoozed: Sequence[Alarm]
    notices: Sequence[Notice]

    @property
    def mark(self) -> str:
        """What the page says first: never well while anything is absent."""
        if self.alarms:
            return "fail"
        marks = {card.row.mark for card in self.cards}
        return "pass" if marks == {"pass"} else "open"

    @property
    def headline(self) -> str:
        if self.alarms:
            verb = "is" if len(self.alarms) == 1 else "are"
            return f"{count_text(len(self.alarms), 'alarm')} {verb} open"
        if not self.cards:
            return "Nothing is monitored"
        if self.notices:
            monitors = {notice.monitor_id for notice in self.notices}
            return f"No alarm, but {count_text(len(monitors), 'monitor')} can’t say anything"
        if self.mark == "open":
            return "No alarm yet: a monitor hasn’t looked, or its alarm is snoozed"
        return "No alarm is open"


def monitors_page(project: Project, now: datetime) -> MonitorsPage:
    """Eight queries, however many monitors there are."""
    monitors = project.monitors.select_related("owner", "project")
    rows = monitor_rows(monitors.running().order_by("pk"))
    ended = monitor_rows(monitors.exclude(ended=None).order_by("-ended")[:MOST_ENDED])
    streams = Stream.objects.filter(
        monitor__in=[row.monitor for row in rows], ended=None
    ).select_related("monitor", "version")
    views: dict[int, list[StreamView]] = {row.monitor.pk: [] for row in rows}
    running = list(streams.order_by("pk"))
    for data in read_streams(running, {}, running):
        view = stream_view(data, now.date(), small=True)
        views[data.stream.monitor_id].append(view)
    alarms = [alarm for row in rows for alarm in row.alarms]
    loud = [alarm for alarm in alarms if not is_snoozed(alarm, now)]
    return MonitorsPage(
        cards=[_card(row, views[row.monitor.pk]) for row in rows],
        ended=ended,
        alarms=loud,
        snoozed=[alarm for alarm in alarms if is_snoozed(alarm, now)],
        notices=[notice for row in rows for notice in row.notices],
    )


def is_snoozed(alarm: Alarm, now: datetime) -> bool:
    """Whether somebody wants to hear nothing of it until later."""
    return alarm.snoozed_until is not None and alarm.snoozed_until > now


def _card(row: MonitorRow, views: Sequence[StreamView]) -> MonitorCard:
    shown = sorted(views, key=lambda view: (view.alarm is None, bool(view.slice)))
    charted = [view for view in shown if view.alarm is not None or not view.slice][:MOST_CHARTS]
    return MonitorCard(row, charted, len(views) - len(charted))

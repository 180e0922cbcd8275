"""Monitors as lists and pages show them: how each stands, in a mark and a sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from evalhub.decision.wording import count_text
from evalhub.features.monitoring.models import Alarm, Monitor, Notice
from evalhub.features.monitoring.page_data.metric_words import KIND_GISTS, KIND_LABELS

STALE = timedelta(days=2)
"""A monitor that looked earlier, or a stream whose newest day is older, says nothing of now."""


@dataclass(frozen=True, slots=True)
class MonitorRow:
    """A monitor as it stands now.

    Attributes:
        mark: "fail" with an open alarm, "pass" where it looked and lacks nothing, else "open":
            what is absent is never well.
        gist: the same in words.
    """

    monitor: Monitor
    label: str
    about: str
    alarms: Sequence[Alarm]
    notices: Sequence[Notice]

    @property
    def mark(self) -> str:
        if self.alarms:
            return "fail"
        return "open" if self.notices or self.is_blind else "pass"

    @property
    def is_blind(self) -> bool:
        """Not yet, or not any more: whoever looks is away."""
        looked = self.monitor.looked
        return looked is None or timezone.now() - looked > STALE

    @property
    def gist(self) -> str:
        if self.alarms:
            return count_text(len(self.alarms), "open alarm")
        if self.notices:
            return f"can’t say: {'; '.join(notice.get_kind_display() for notice in self.notices)}"
        if self.is_blind:
            since = self.monitor.looked and f" since {self.monitor.looked:%-d %b %Y}"
            return f"it hasn’t looked{since or ' yet'}"
        return "no alarm"


def monitor_rows(monitors: Iterable[Monitor]) -> list[MonitorRow]:
    """With their open alarms and notices. Two queries."""
    rows = list(monitors)
    alarms = Alarm.objects.filter(monitor__in=rows).open().with_related()
    notices = Notice.objects.filter(monitor__in=rows, ended=None).select_related("monitor")
    alarms_of: dict[int, list[Alarm]] = {row.pk: [] for row in rows}
    notices_of: dict[int, list[Notice]] = {row.pk: [] for row in rows}
    for alarm in alarms:
        alarms_of[alarm.monitor_id].append(alarm)
    for notice in notices:
        notices_of[notice.monitor_id].append(notice)
    return [
        MonitorRow(
            monitor=row,
            label=KIND_LABELS[row.kind],
            about=KIND_GISTS[row.kind],
            alarms=alarms_of[row.pk],
            notices=notices_of[row.pk] if row.ended is None else [],
        )
        for row in rows
    ]

"""What REST takes and gives of monitors and their alarms; commands print the same."""

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import Field, JsonValue

from evalhub.accounts.models import Project
from evalhub.declare.declaration import Declaration
from evalhub.declare.monitor import (
    FALSE_ALARMS_OF_MONITOR,
    FalseAlarms,
    MonitorKind,
    MonitorPlan,
)
from evalhub.features.monitoring.alarms import LONGEST_REASON
from evalhub.features.monitoring.false_alarms import total_false_alarms
from evalhub.features.monitoring.looks import newest_looks
from evalhub.features.monitoring.models import (
    Alarm,
    Asking,
    Monitor,
    Notice,
    NoticeKind,
    Resolution,
    Stream,
    StreamDay,
)
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.registry.models import ModelVersion
from evalhub.registry.version_names import version_name

SHOWN_DAYS, SHOWN_LOOKS, SHOWN_ALARMS = 60, 20, 50
LONGEST_NAME = 200
Reason = Field(min_length=1, max_length=LONGEST_REASON)


class MonitorRequest(Declaration):
    """A monitor to add: it watches from now on."""

    plan: MonitorPlan
    false_alarms_a_year: FalseAlarms = FALSE_ALARMS_OF_MONITOR
    owner: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_NAME,
        description="user who answers for its alarms; null: the project's owners are told",
    )


class FalseAlarmsRequest(Declaration):
    """How many false alarms a year the project's monitors may raise together."""

    false_alarms_a_year: FalseAlarms


class AlarmOwnerRequest(Declaration):
    owner: str | None = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="user who answers for it; null: nobody does",
    )


class SnoozeRequest(Declaration):
    until: datetime = Field(description="when it is to be heard again, with its offset from UTC")
    reason: str = Reason


class ResolveRequest(Declaration):
    resolution: Resolution = Field(
        description="mended: what broke was mended; false: nothing had changed; meant: it stays "
        "so, and a new reference begins"
    )
    reason: str = Reason


class NoticeOut(ResponseBody):
    """What a monitor lacks, so that it can say nothing: never an alarm, and never well."""

    id: int
    monitor: int = Field(validation_alias="monitor_id")
    kind: NoticeKind
    sentence: str
    began: datetime
    ended: datetime | None = Field(description="null: it lacks it now")


class AlarmOut(ResponseBody):
    """A change that a monitor has proven."""

    id: int
    monitor: int = Field(validation_alias="monitor_id")
    of: MonitorKind
    subject: str = Field(description="what changed; while it is open the same isn't raised again")
    sentence: str
    version: str | None = Field(
        validation_alias="version_name", description="that it is about, as MODEL@NUMBER"
    )
    raised: datetime
    since: date | None = Field(description="the day on which the change most likely came")
    evidence: dict[str, JsonValue] = Field(description="numbers with their names")
    state: Literal["open", "snoozed", "resolved"]
    owner: str | None = Field(validation_alias="owner_name", description="null: nobody")
    acknowledged: datetime | None
    acknowledged_by: int | None = Field(
        validation_alias="acknowledged_by_id",
        description="number of the account; null: nobody, or the operator",
    )
    snoozed_until: datetime | None
    snooze_reason: str
    resolved: datetime | None = Field(description="null: it is open")
    resolved_by: int | None = Field(
        validation_alias="resolved_by_id",
        description="number of the account; null: nobody, or the operator",
    )
    resolution: Resolution | None
    reason: str = Field(description="of the resolution")
    url: str

    @classmethod
    def from_model(cls, row: Alarm, /, **computed: Any) -> Self:
        """Of a row whose monitor with its project, version with its model, and owner are
        selected."""
        return super().from_model(
            row,
            of=row.monitor.kind,
            version_name=_version(row.version),
            state=row.state,
            owner_name=row.owner and row.owner.username,
            resolution=row.resolution or None,
            url=address("alarm", row.monitor.project.slug, row.pk),
            **computed,
        )


class StreamDayOut(ResponseBody):
    """A day of a stream, in UTC: the metric is y/x, sums over its users."""

    day: date
    users: int
    y: float
    x: float


class StreamOut(ResponseBody):
    """One number that a monitor measures day by day."""

    id: int
    metric: str
    slice_kind: str = Field(description="empty: all requests")
    slice_value: str
    version: str | None = Field(
        validation_alias="version_name", description="the champion of that time, as MODEL@NUMBER"
    )
    since: date = Field(description="the first day of its reference")
    ended: date | None = Field(description="null: it is measured")
    days: tuple[StreamDayOut, ...] = Field(
        description=f"the newest {SHOWN_DAYS}, the newest first",
        validation_alias="newest_days",
    )

    @classmethod
    def from_model(cls, row: Stream, /, **computed: Any) -> Self:
        days: list[StreamDay] = list(row.days.order_by("-day")[:SHOWN_DAYS])
        return super().from_model(
            row,
            version_name=_version(row.version),
            newest_days=[StreamDayOut.from_model(day) for day in days],
            **computed,
        )


class MonitorOut(ResponseBody):
    """What is watched of a project's champion, and how it stands now."""

    id: int
    of: MonitorKind = Field(validation_alias="kind")
    plan: MonitorPlan
    false_alarms_a_year: float = Field(description="its share: at most, while nothing changes")
    owner: str | None = Field(validation_alias="owner_name", description="of its alarms")
    by: int | None = Field(
        validation_alias="by_id", description="number of the account; null: the operator"
    )
    open_alarms: int
    is_asking: bool = Field(description="of answers: whether the champion is being asked now")
    notices: tuple[NoticeOut, ...] = Field(
        validation_alias="open_notices", description="what it lacks now"
    )
    due: datetime = Field(description="when it is next looked at")
    looked: datetime | None = Field(description="null: it hasn't been looked at yet")
    created: datetime
    ended: datetime | None = Field(description="null: it is running")
    why: str = Field(description="why it ended")
    url: str

    @classmethod
    def from_model(cls, row: Monitor, /, **computed: Any) -> Self:
        return super().from_model(
            row,
            owner_name=row.owner and row.owner.username,
            open_alarms=row.alarms.open().count(),
            is_asking=Asking.objects.open().filter(watch__monitor=row).exists(),
            open_notices=[NoticeOut.from_model(notice) for notice in _open_notices(row)],
            url=address("monitor", row.project.slug, row.pk),
            **computed,
        )


class LookOut(ResponseBody):
    """What came of a look."""

    key: str = Field(description="what it looked at: a day, a week, or an asking")
    at: datetime
    is_alarm: bool | None = Field(description="null: nothing was compared")
    sentence: str
    report: dict[str, JsonValue]


class FollowedMonitorOut(MonitorOut):
    """A monitor with its streams, its newest looks and its newest alarms."""

    streams: tuple[StreamOut, ...] = Field(
        validation_alias="running_streams", description="that are measured"
    )
    looks: tuple[LookOut, ...] = Field(
        validation_alias="newest_looks",
        description=f"the newest {SHOWN_LOOKS}, the newest first",
    )
    alarms: tuple[AlarmOut, ...] = Field(
        validation_alias="newest_alarms",
        description=f"the newest {SHOWN_ALARMS}, the newest first",
    )

    @classmethod
    def from_model(cls, row: Monitor, /, **computed: Any) -> Self:
        streams = row.streams.filter(ended=None).select_related("version__model").order_by("pk")
        alarms = row.alarms.with_related()[:SHOWN_ALARMS]
        return super().from_model(
            row,
            running_streams=[StreamOut.from_model(stream) for stream in streams],
            newest_looks=[LookOut.from_model(look) for look in newest_looks(row, SHOWN_LOOKS)],
            newest_alarms=[AlarmOut.from_model(alarm) for alarm in alarms],
            **computed,
        )


class MonitorShareOut(ResponseBody):
    """What a running monitor takes of the project's false alarms."""

    monitor: int
    of: MonitorKind
    false_alarms_a_year: float


class MonitoringOut(ResponseBody):
    """Expected false alarms a year: of the project, of each running monitor, and what is left."""

    false_alarms_a_year: float = Field(description="at most, of all monitors together")
    left: float = Field(description="that no running monitor has taken")
    shares: tuple[MonitorShareOut, ...]

    @classmethod
    def of(cls, project: Project) -> Self:
        """Two queries."""
        rows = Monitor.objects.filter(project=project).running().order_by("pk")
        shares = tuple(
            MonitorShareOut(
                monitor=row.pk, of=row.kind, false_alarms_a_year=row.false_alarms_a_year
            )
            for row in rows
        )
        total = total_false_alarms(project)
        taken = sum(share.false_alarms_a_year for share in shares)
        return cls(false_alarms_a_year=total, left=max(0.0, total - taken), shares=shares)


def _version(version: ModelVersion | None) -> str | None:
    return None if version is None else version_name(version)


def _open_notices(monitor: Monitor) -> list[Notice]:
    return list(monitor.notices.filter(ended=None))

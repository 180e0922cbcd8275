"""Alarms and notices of monitors, as webhook events."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from evalhub.accounts.addresses import absolute
from evalhub.accounts.events import EventSources, EventType, ProjectEvent
from evalhub.accounts.models import Project
from evalhub.features.monitoring.models import Alarm, Notice


def _alarms_raised(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Alarm.objects.of_project(project).filter(raised__gte=since).with_related()
    for alarm in rows.order_by("pk"):
        yield _event(EventType.ALARM_RAISED, alarm, alarm.raised)


def _alarms_resolved(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Alarm.objects.of_project(project).filter(resolved__gte=since).with_related()
    for alarm in rows.order_by("pk"):
        assert alarm.resolved is not None
        yield _event(EventType.ALARM_RESOLVED, alarm, alarm.resolved)


def _event(type_: EventType, alarm: Alarm, at: datetime) -> ProjectEvent:
    project, version = alarm.monitor.project, alarm.version
    return ProjectEvent(
        type_,
        f"{type_}:{alarm.pk}",
        at,
        {
            "project": project.slug,
            "alarm": alarm.pk,
            "monitor": alarm.monitor_id,
            "of": alarm.monitor.kind,
            "subject": alarm.subject,
            "model": version and version.model.slug,
            "version": version and version.number,
            "since": alarm.since and alarm.since.isoformat(),
            "resolution": alarm.resolution or None,
            "url": absolute(reverse("site:alarm", args=[alarm.pk])),
            "api": absolute(reverse("api:alarm", args=[project.slug, alarm.pk])),
        },
    )


def _notices_opened(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Notice.objects.filter(monitor__project=project, began__gte=since)
    for notice in rows.select_related("monitor").order_by("pk"):
        yield ProjectEvent(
            EventType.NOTICE_OPENED,
            f"{EventType.NOTICE_OPENED}:{notice.pk}",
            notice.began,
            {
                "project": project.slug,
                "notice": notice.pk,
                "kind": notice.kind,
                "monitor": notice.monitor_id,
                "of": notice.monitor.kind,
                "url": absolute(reverse("site:monitor", args=[notice.monitor_id])),
                "api": absolute(reverse("api:monitor", args=[project.slug, notice.monitor_id])),
            },
        )


MONITORING_EVENTS: EventSources = {
    EventType.ALARM_RAISED: _alarms_raised,
    EventType.ALARM_RESOLVED: _alarms_resolved,
    EventType.NOTICE_OPENED: _notices_opened,
}
"""Who finds the events of monitors."""

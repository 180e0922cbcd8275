"""Alarms of monitors, as webhook events."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from evalhub.accounts.addresses import absolute
from evalhub.accounts.events import EventType, ProjectEvent
from evalhub.accounts.models import Project
from evalhub.features.monitoring.models import Asking


def model_changes(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Asking.objects.filter(watch__project=project, alarm=True, concluded__gte=since)
    for asking in rows.select_related("watch__version__model").order_by("pk"):
        assert asking.concluded is not None
        yield ProjectEvent(
            EventType.MODEL_CHANGED,
            f"{EventType.MODEL_CHANGED}:{asking.pk}",
            asking.concluded,
            {
                "project": project.slug,
                "watch": asking.watch_id,
                "model": asking.watch.version.model.slug,
                "version": asking.watch.version.number,
                "run": asking.run_id,
                "url": absolute(reverse("site:version", args=[asking.watch.version_id])),
                "api": absolute(reverse("api:run", args=[project.slug, asking.run_id])),
            },
        )

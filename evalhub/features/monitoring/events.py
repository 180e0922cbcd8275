"""Alarms of monitors, as events that a webhook is told."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from evalhub.accounts.addresses import absolute
from evalhub.accounts.events import EventType, ProjectEvent
from evalhub.accounts.models import Project
from evalhub.features.monitoring.models import Asking


def changed_models(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Asking.objects.filter(watch__project=project, alarm=True, concluded__gte=since)
    for each in rows.select_related("watch__version__model").order_by("pk"):
        assert each.concluded is not None
        yield ProjectEvent(
            EventType.MODEL_CHANGED,
            f"{EventType.MODEL_CHANGED}:{each.pk}",
            each.concluded,
            {
                "project": project.slug,
                "watch": each.watch_id,
                "model": each.watch.version.model.slug,
                "version": each.watch.version.number,
                "run": each.run_id,
                "url": absolute(reverse("site:version", args=[each.watch.version_id])),
                "api": absolute(reverse("api:run", args=[project.slug, each.run_id])),
            },
        )

"""What has happened in a project that a webhook is to be told, found by looking for it.

A message names things by their ids and addresses, and of what was found out no more than a
verdict: whoever may see the rest asks for it.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.addresses import absolute
from evalhub.accounts.models import Project
from evalhub.gate.models import Blessing, Decision
from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from evalhub.watching.models import Asking
from evalhub.webhooks.models import Delivery, EventType, Webhook
from reviews.models import Campaign

OVERLAP = timedelta(hours=1)
"""How far back is looked again: no transaction that may still end has begun before."""
LARGEST_BODY = 20_000
"""Bytes of a body, by the standard."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that has happened; `key` says what, to what, and where it may happen again when."""

    type: EventType
    key: str
    at: datetime
    data: dict[str, Any]

    def body(self) -> str:
        """The message. Raises ValueError where it is larger than one may be."""
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"type": self.type.value, "timestamp": at, "data": self.data}
        body = json.dumps(told, separators=(",", ":"))
        if len(body) > LARGEST_BODY:
            raise ValueError(f"a message of {len(body)} bytes about {self.key}")
        return body


def note_events(webhook: Webhook) -> int:
    """Writes what the webhook is to be told since it was last looked; how much that is.

    Looking twice, or two at once, finds nothing twice.
    """
    now = timezone.now()
    since = max(webhook.since, webhook.looked - OVERLAP)
    found = [each for kind in webhook.events for each in HAPPENED[kind](webhook.project, since)]
    keys = [each.key for each in found]
    known = set(webhook.deliveries.filter(event__in=keys).values_list("event", flat=True))
    new = [each for each in found if each.key not in known]
    with transaction.atomic():
        Delivery.objects.bulk_create(
            [
                Delivery(
                    webhook=webhook,
                    event=each.key,
                    type=each.type,
                    message_id=f"msg_{secrets.token_urlsafe(20)}",
                    body=each.body(),
                    due_at=now,
                )
                for each in new
            ],
            ignore_conflicts=True,
        )
        if new or now - webhook.looked > OVERLAP / 2:
            Webhook.objects.filter(pk=webhook.pk).update(looked=now)
    return len(new)


def _decisions(project: Project, since: datetime) -> Iterator[News]:
    rows = Decision.objects.filter(study__project=project, created__gte=since)
    for each in rows.select_related("study").defer("record").order_by("pk"):
        yield News(
            EventType.DECISION_MADE,
            f"{EventType.DECISION_MADE}:{each.pk}",
            each.created,
            {
                "project": project.slug,
                "study": each.study.slug,
                "candidate": each.arm,
                "decision": each.pk,
                "digest": each.digest,
                "verdict": each.verdict,
                "url": absolute(reverse("dashboard:study", args=[each.study_id])),
                "api": absolute(reverse("api:decision", args=[project.slug, each.pk])),
            },
        )


def _champions(project: Project, since: datetime) -> Iterator[News]:
    rows = Blessing.objects.filter(project=project, created__gte=since).order_by("pk")
    for each in rows.select_related("version__model", "before__version__model"):
        before = each.before.version if each.before else None
        yield News(
            EventType.CHAMPION_CHANGED,
            f"{EventType.CHAMPION_CHANGED}:{each.pk}",
            each.created,
            {
                "project": project.slug,
                "model": each.version.model.slug,
                "version": each.version.number,
                "how": each.how,
                "decision": each.decision_id,
                "before": before and {"model": before.model.slug, "version": before.number},
                "url": absolute(reverse("dashboard:version", args=[each.version_id])),
                "api": absolute(reverse("api:baseline", args=[project.slug])),
            },
        )


def _campaigns(project: Project, since: datetime) -> Iterator[News]:
    rows = Campaign.objects.filter(project=project, sealed__gte=since).select_related("study")
    for each in rows.defer("plan", "sealed_as").order_by("pk"):
        assert each.sealed is not None
        yield News(
            EventType.CAMPAIGN_FINISHED,
            f"{EventType.CAMPAIGN_FINISHED}:{each.pk}",
            each.sealed,
            {
                "project": project.slug,
                "campaign": each.pk,
                "study": each.study.slug if each.study else None,
                "url": absolute(reverse("dashboard:campaign", args=[each.pk])),
                "api": absolute(reverse("api:campaign", args=[project.slug, each.pk])),
            },
        )


def _failed_runs(project: Project, since: datetime) -> Iterator[News]:
    rows = Run.objects.filter(
        test_set_version__test_set__project=project, state=RunState.FAILED, finished__gte=since
    )
    rows = rows.select_related("version__model", "test_set_version__test_set").order_by("pk")
    for each in rows.defer("error"):
        assert each.finished is not None
        yield News(
            EventType.RUN_FAILED,
            f"{EventType.RUN_FAILED}:{each.pk}:{each.finished.isoformat()}",
            each.finished,
            {
                "project": project.slug,
                "run": each.pk,
                "model": each.version.model.slug,
                "version": each.version.number,
                "test_set": each.test_set_version.test_set.slug,
                "test_set_version": each.test_set_version.number,
                "url": absolute(reverse("dashboard:run", args=[each.pk])),
                "api": absolute(reverse("api:run", args=[project.slug, each.pk])),
            },
        )


def _changed_models(project: Project, since: datetime) -> Iterator[News]:
    rows = Asking.objects.filter(watch__project=project, alarm=True, concluded__gte=since)
    for each in rows.select_related("watch__version__model").order_by("pk"):
        assert each.concluded is not None
        yield News(
            EventType.MODEL_CHANGED,
            f"{EventType.MODEL_CHANGED}:{each.pk}",
            each.concluded,
            {
                "project": project.slug,
                "watch": each.watch_id,
                "model": each.watch.version.model.slug,
                "version": each.watch.version.number,
                "run": each.run_id,
                "url": absolute(reverse("dashboard:version", args=[each.watch.version_id])),
                "api": absolute(reverse("api:run", args=[project.slug, each.run_id])),
            },
        )


HAPPENED: dict[str, Callable[[Project, datetime], Iterator[News]]] = {
    EventType.DECISION_MADE: _decisions,
    EventType.CHAMPION_CHANGED: _champions,
    EventType.CAMPAIGN_FINISHED: _campaigns,
    EventType.MODEL_CHANGED: _changed_models,
    EventType.RUN_FAILED: _failed_runs,
}

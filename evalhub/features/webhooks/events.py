"""The project's events for webhooks, found by polling the tables.

A message names things by their ids and addresses, and of what was found out no more than a
verdict: whoever may see the rest asks for it.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.addresses import absolute
from evalhub.accounts.events import EventSources, EventType, ProjectEvent
from evalhub.accounts.models import Project
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from reviews.models import Campaign

OVERLAP = timedelta(hours=1)
"""How far back is looked again: no transaction that may still end has begun before."""


def note_events(webhook: Webhook, sources: EventSources) -> int:
    """Writes a delivery for each event since the last look at the webhook. Returns their number.

    Looking twice, or two at once, writes nothing twice.
    """
    now = timezone.now()
    since = max(webhook.since, webhook.looked - OVERLAP)
    events = [
        event
        for kind in webhook.events
        if kind in sources
        for event in sources[EventType(kind)](webhook.project, since)
    ]
    keys = [each.key for each in events]
    old_keys = set(webhook.deliveries.filter(event__in=keys).values_list("event", flat=True))
    new = [each for each in events if each.key not in old_keys]
    with transaction.atomic():
        Delivery.objects.bulk_create(
            [
                Delivery(
                    webhook=webhook,
                    event=event.key,
                    type=event.type,
                    message_id=f"msg_{secrets.token_urlsafe(20)}",
                    body=event.body(),
                    due_at=now,
                )
                for event in new
            ],
            ignore_conflicts=True,
        )
        if new or now - webhook.looked > OVERLAP / 2:
            Webhook.objects.filter(pk=webhook.pk).update(looked=now)
    return len(new)


def _decisions(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Decision.objects.filter(study__project=project, created__gte=since)
    for decision in rows.select_related("study__experiment").defer("record").order_by("pk"):
        experiment = decision.study.experiment.pk if decision.study.live else None
        page = ("site:experiment", experiment) if experiment else ("site:study", decision.study_id)
        yield ProjectEvent(
            EventType.DECISION_MADE,
            f"{EventType.DECISION_MADE}:{decision.pk}",
            decision.created,
            {
                "project": project.slug,
                "study": decision.study.slug,
                "experiment": experiment,
                "candidate": decision.arm,
                "decision": decision.pk,
                "digest": decision.digest,
                "verdict": decision.verdict,
                "url": absolute(reverse(page[0], args=[page[1]])),
                "api": absolute(reverse("api:decision", args=[project.slug, decision.pk])),
            },
        )


def _champions(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Promotion.objects.filter(project=project, created__gte=since).order_by("pk")
    for promotion in rows.select_related("version__model", "before__version__model"):
        before = promotion.before.version if promotion.before else None
        yield ProjectEvent(
            EventType.CHAMPION_CHANGED,
            f"{EventType.CHAMPION_CHANGED}:{promotion.pk}",
            promotion.created,
            {
                "project": project.slug,
                "model": promotion.version.model.slug,
                "version": promotion.version.number,
                "how": promotion.how,
                "decision": promotion.decision_id,
                "before": before and {"model": before.model.slug, "version": before.number},
                "url": absolute(reverse("site:version", args=[promotion.version_id])),
                "api": absolute(reverse("api:champion", args=[project.slug])),
            },
        )


def _campaigns(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Campaign.objects.filter(project=project, sealed__gte=since).select_related("study")
    for campaign in rows.defer("plan", "sealed_as").order_by("pk"):
        assert campaign.sealed is not None
        yield ProjectEvent(
            EventType.CAMPAIGN_FINISHED,
            f"{EventType.CAMPAIGN_FINISHED}:{campaign.pk}",
            campaign.sealed,
            {
                "project": project.slug,
                "campaign": campaign.pk,
                "study": campaign.study.slug if campaign.study else None,
                "url": absolute(reverse("site:campaign", args=[campaign.pk])),
                "api": absolute(reverse("api:campaign", args=[project.slug, campaign.pk])),
            },
        )


def _run_failures(project: Project, since: datetime) -> Iterator[ProjectEvent]:
    rows = Run.objects.filter(
        test_set_version__test_set__project=project, state=RunState.FAILED, finished__gte=since
    )
    rows = rows.select_related("version__model", "test_set_version__test_set").order_by("pk")
    for run in rows.defer("error"):
        assert run.finished is not None
        yield ProjectEvent(
            EventType.RUN_FAILED,
            f"{EventType.RUN_FAILED}:{run.pk}:{run.finished.isoformat()}",
            run.finished,
            {
                "project": project.slug,
                "run": run.pk,
                "model": run.version.model.slug,
                "version": run.version.number,
                "test_set": run.test_set_version.test_set.slug,
                "test_set_version": run.test_set_version.number,
                "url": absolute(reverse("site:run", args=[run.pk])),
                "api": absolute(reverse("api:run", args=[project.slug, run.pk])),
            },
        )


KERNEL_EVENTS: EventSources = {
    EventType.DECISION_MADE: _decisions,
    EventType.CHAMPION_CHANGED: _champions,
    EventType.CAMPAIGN_FINISHED: _campaigns,
    EventType.RUN_FAILED: _run_failures,
}

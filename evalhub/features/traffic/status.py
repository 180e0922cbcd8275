"""What a project's traffic is at the moment: what is kept, what came today, under which names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Sum
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.features.traffic.keeping import settings_of
from evalhub.features.traffic.models import RefusedRows, RollUp, TrafficSettings
from evalhub.features.traffic.served import ServedVersions
from evalhub.registry.models import ModelVersion


@dataclass(frozen=True, slots=True)
class ServedName:
    """A name under which requests were served, how many, and its version where somebody said it."""

    name: str
    requests: int
    version: ModelVersion | None


@dataclass(frozen=True, slots=True)
class TrafficStatus:
    """The traffic of a project.

    Attributes:
        requests: that were sent today (UTC).
        refused: rows that came today and weren't taken, by reason.
        served: the names of the requests that are kept.
    """

    settings: TrafficSettings
    requests: int
    refused: Mapping[str, int]
    served: Sequence[ServedName]


def traffic_status(project: Project) -> TrafficStatus:
    """The project's traffic now, from roll-ups: no request is read."""
    settings = settings_of(project)
    today = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = RollUp.objects.filter(project=project, slice_kind="all")
    refused = RefusedRows.objects.filter(project=project, day=today.date())
    return TrafficStatus(
        settings=settings,
        requests=rows.filter(hour__gte=today).aggregate(sum=Sum("requests"))["sum"] or 0,
        refused=dict(refused.order_by("reason").values_list("reason").annotate(sum=Sum("rows"))),
        served=_served(project, today - timedelta(days=settings.days)),
    )


def _served(project: Project, since: datetime) -> list[ServedName]:
    rows = RollUp.objects.filter(project=project, slice_kind="all", hour__gte=since)
    counts = rows.order_by("model_name").values_list("model_name").annotate(sum=Sum("requests"))
    versions, now = ServedVersions.of(project), timezone.now()
    return [ServedName(name, count, versions.at(name, now)) for name, count in counts]

"""Requests of production, sent as a gateway would, with all their texts kept."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import Request, ServedModel
from evalhub.features.traffic.rows import RequestRow, TrafficSource
from evalhub.features.traffic.taking_in import take_in
from evalhub.registry.models import ModelVersion
from tests.cast import Team

SERVED = "support"
LAST_WEEK = ["--project", "support-desk", "--since", "7d"]


def question(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def served(
    team: Team,
    texts: Sequence[str | list[dict[str, Any]]],
    *,
    users: int = 0,
    name: str = "r",
    days_ago: float = 1,
    **fields: Any,
) -> list[Request]:
    """Requests that were answered, one a text, i of user i % users; `fields` are of all, or lists
    with one value for each. They come back in the order of the texts."""
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    time = timezone.now() - datetime.timedelta(days=days_ago)
    rows = [
        {
            "id": f"{name}-{index:03}",
            "time": (time + datetime.timedelta(seconds=index)).isoformat(),
            "model": SERVED,
            "user_hash": f"{index % users:032x}" if users else "",
            "latency_ms": 900.0,
            "messages": question(text) if isinstance(text, str) else text,
            "output": f"answer {index}",
        }
        | {key: _nth(value, index) for key, value in fields.items()}
        for index, text in enumerate(texts)
    ]
    taken = take_in(
        project=team.project,
        source=TrafficSource.REST,
        requests=[(line, validate(RequestRow, row)) for line, row in enumerate(rows, 1)],
    )
    assert taken.requests == len(rows), taken.flaws
    keys = [row["id"] for row in rows]
    return list(Request.objects.filter(project=team.project, key__in=keys).order_by("key"))


def stands_for(
    team: Team, version: ModelVersion, *, name: str = SERVED, days_ago: int = 90
) -> None:
    """Says that a served name is this version since then."""
    since = timezone.now() - datetime.timedelta(days=days_ago)
    ServedModel.objects.create(
        project=team.project, name=name, version=version, since=since, by=team.olga
    )


def by_metric(file: dict[str, Any], *, test_set: str = "traffic", metric: str = "refusal") -> None:
    """Lets a metric decide what people would, in a study file that `study init` wrote."""
    del file["review"]
    del file["test_sets"][test_set]["tier"]
    file["test_sets"][test_set] |= {"role": "primary", "metric": {"name": metric}}


def _nth(value: Any, index: int) -> Any:
    return value[index % len(value)] if isinstance(value, list) else value

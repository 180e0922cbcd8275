"""Requests of production, as they are stored: masked, each with its texts."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from evalhub.features.traffic.models import Request, RequestText, ServedModel
from evalhub.features.traffic.rows import Source
from evalhub.io.canonical import digest_of
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
    with one value for each."""
    time = timezone.now() - datetime.timedelta(days=days_ago)
    rows, stored = [], []
    for index, text in enumerate(texts):
        mine = {key: _nth(value, index) for key, value in fields.items()}
        messages = question(text) if isinstance(text, str) else text
        output = mine.pop("output", f"answer {index}")
        key = f"{name}-{index}"
        of = {"project": team.project, "day": time.date(), "key": key}
        rows.append(
            Request(
                **of,
                time=time,
                user_hash=f"{index % users:032x}" if users else "",
                digest=digest_of(messages),
                source=Source.REST,
                has_text=True,
                **{"model_name": SERVED, "latency_ms": 900.0} | mine,
            )
        )
        stored.append(RequestText(**of, messages=messages, output=output))
    Request.objects.bulk_create(rows)
    RequestText.objects.bulk_create(stored)
    return rows


def stands_for(
    team: Team, version: ModelVersion, *, name: str = SERVED, days_ago: int = 90
) -> None:
    """Says that a served name is this version since then."""
    since = timezone.now() - datetime.timedelta(days=days_ago)
    ServedModel.objects.create(
        project=team.project, name=name, version=version, since=since, by=team.olga
    )


def _nth(value: Any, index: int) -> Any:
    return value[index % len(value)] if isinstance(value, list) else value

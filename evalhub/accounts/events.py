"""Events of a project for webhooks: their types, and how they are found."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from evalhub.accounts.models import Project

LARGEST_BODY = 20_000
"""Bytes of a webhook's message, by Standard Webhooks 1.0."""


class EventType(models.TextChoices):
    """Kinds of events that a webhook can get; `evalhub.features.table.EVENTS` names their
    sources."""

    DECISION_MADE = "decision.made", "a decision was made"
    CHAMPION_CHANGED = "champion.changed", "another version became the champion"
    CAMPAIGN_FINISHED = "campaign.finished", "a review has ended and is sealed"
    ALARM_RAISED = "alarm.raised", "a monitor has proven a change"
    ALARM_RESOLVED = "alarm.resolved", "somebody has said what became of an alarm"
    NOTICE_OPENED = "notice.opened", "a monitor lacks something and can say nothing"
    RUN_FAILED = "run.failed", "a run ended without all of its answers"


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """Something that has happened in a project.

    `key` names what happened, to what, and when, where it may happen again.
    """

    type: EventType
    key: str
    at: datetime
    data: dict[str, Any]

    def body(self) -> str:
        """The message. Raises ValueError where it is larger than one may be."""
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        payload = {"type": self.type.value, "timestamp": at, "data": self.data}
        body = json.dumps(payload, separators=(",", ":"))
        if len(body) > LARGEST_BODY:
            raise ValueError(f"a message of {len(body)} bytes about {self.key}")
        return body


type EventSources = Mapping[EventType, Callable[[Project, datetime], Iterator[ProjectEvent]]]
"""By type of event, the function that finds a project's events since a time."""

"""One request of production: what was asked and answered, its conversation, what was said of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from evalhub.accounts.models import Project, User
from evalhub.features.traffic.models import Request, RequestText, Signal
from evalhub.features.traffic.page_data.sample_page import samples_of
from evalhub.features.traffic.served import ServedVersions
from evalhub.io.tools import call_text
from evalhub.registry.models import ModelVersion, TrafficSample

MOST_TURNS = 100
MOST_SIGNALS = 100


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message as it is read: its role, its text, and what is no text as JSON."""

    role: str
    text: str
    other: str


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A request with all that belongs to it.

    Attributes:
        messages, output: masked; none where its texts aren't kept.
        calls: the tools that the answer calls, a line each.
        turns: the requests of its conversation, itself among them, oldest first.
        samples: that have an item made from it, with their studies.
    """

    request: Request
    version: ModelVersion | None
    messages: Sequence[ReadMessage]
    output: str | None
    calls: Sequence[str]
    turns: Sequence[Request]
    signals: Sequence[Signal]
    samples: Sequence[TrafficSample]


def request_page(project: Project, day: date, key: str, *, user: User) -> RequestPage:
    """Six queries, eight where a sample has it. Raises Request.DoesNotExist."""
    visible = Request.objects.visible_to(user)
    request = visible.at(project.pk, day, [key]).get()
    text = RequestText.objects.at(project.pk, day, [key]).first()
    turns: list[Request] = []
    if request.conversation:
        same = visible.filter(project=project, conversation=request.conversation)
        turns = list(same.order_by("time", "key")[:MOST_TURNS])
    signals = Signal.objects.visible_to(user).filter(
        project=project, request_key=key, request_day=day
    )
    return RequestPage(
        request=request,
        version=ServedVersions.of(project).at(request.model_name, request.time),
        messages=[_message(each) for each in (text and text.messages) or ()],
        output=text.output if text else None,
        calls=[call_text(call) for call in (text and text.tool_calls) or ()],
        turns=turns,
        signals=list(signals.order_by("time", "key")[:MOST_SIGNALS]),
        samples=samples_of(request),
    )


def request_address(request: Request, slug: str) -> str:
    """The page of a request. Its key stands in the query, which may hold any characters."""
    path = reverse("site:production_request", args=[slug, request.day.isoformat()])
    return f"{path}?{urlencode({'key': request.key})}"


def _message(message: Mapping[str, Any]) -> ReadMessage:
    """Its content is a text, or a list of parts of which some are texts."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [text for part in parts if isinstance(text := _text(part), str)]
    rest = [part for part in parts if part is not None and _text(part) is None]
    other = {name: value for name, value in message.items() if name not in ("role", "content")}
    unread = ([*rest] if rest else []) + ([other] if other else [])
    return ReadMessage(
        role=str(message.get("role", "")),
        text="\n".join(texts),
        other=json.dumps(unread, ensure_ascii=False, indent=2) if unread else "",
    )


def _text(part: object) -> str | None:
    text = part.get("text", part.get("content")) if isinstance(part, Mapping) else part
    return text if isinstance(text, str) else None

"""The texts of a model call that are events: of its span, or of a log, where they come apart. Pure.

OpenTelemetry's conventions have one event for a whole call, `gen_ai.client.inference.operation.
details`, whose attributes are those of a span. Before (to 1.36) each message was an event, its
fields in the body of a log record or, as JSON, in the attribute `gen_ai.event.content`; and before
that all messages were one event, as the answer was.

Instrumentations send these events also where they don't capture texts: then a message has no
content, and of such a call no text is kept.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from evalhub.features.traffic.otlp import genai_names as names
from evalhub.features.traffic.otlp.genai_texts import (
    UNREADABLE,
    CallAnswer,
    answer_of,
    chat_messages,
    first_choice,
    messages_of,
)
from evalhub.features.traffic.otlp.telemetry import LogRecord, SpanEvent


class CallTexts(NamedTuple):
    """What events say of a call: the messages, None without any, and the answer."""

    messages: tuple[dict[str, Any], ...] | None
    answer: CallAnswer


def texts_of_events(events: Iterable[SpanEvent | LogRecord]) -> CallTexts:
    """The texts of one call's events, in their order; what can't be read is none."""
    messages: list[dict[str, Any]] = []
    answer = CallAnswer()
    for event in events:
        try:
            messages += _messages(event)
            answer = _answer(event) or answer
        except UNREADABLE:
            return CallTexts(None, CallAnswer())
    return CallTexts(tuple(messages) or None, answer)


def last_message(events: Sequence[LogRecord]) -> int:
    """When the last message among them was written, in nanoseconds; 0 where there is none."""
    return max((event.time_ns for event in events if _has_messages(event.name)), default=0)


def _has_messages(name: str) -> bool:
    return name in names.MESSAGES or name in (names.DETAILS, names.PROMPT_EVENT)


def _messages(event: SpanEvent | LogRecord) -> Iterable[dict[str, Any]]:
    if event.name == names.DETAILS:
        return messages_of(event.attributes) or ()
    if event.name == names.PROMPT_EVENT:
        return chat_messages(_parsed(event.attributes.get(names.PROMPT))) or ()
    if event.name in names.MESSAGES:
        return (_message(names.MESSAGES[event.name], _content(event)),)
    return ()


def _answer(event: SpanEvent | LogRecord) -> CallAnswer | None:
    """None where it is none, and of several choices but the first."""
    if event.name == names.DETAILS:
        return answer_of(event.attributes)
    if event.name == names.COMPLETION_EVENT:
        messages = chat_messages(_parsed(event.attributes.get(names.COMPLETION)))
        return first_choice([{"message": message} for message in messages or ()])
    content = _content(event) if event.name == names.CHOICE else None
    if not isinstance(content, dict) or content.get("index"):
        return None
    message = content.get("message")
    captured = isinstance(message, dict) and _is_captured(message)
    return first_choice([content]) if captured else None


def _content(event: SpanEvent | LogRecord) -> Any:
    """The body of a log record, else what stands in its place as JSON."""
    body = event.body if isinstance(event, LogRecord) else None
    return body or _parsed(event.attributes.get(names.EVENT_CONTENT))


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _message(role: str, body: Any) -> dict[str, Any]:
    """A chat message as OpenAI's protocol has it. Raises ValueError where nothing was captured."""
    body = body if isinstance(body, dict) else {"content": body}
    message = {"role": str(body.get("role") or role), "content": body.get("content")}
    if body.get("tool_calls"):
        message["tool_calls"] = body["tool_calls"]
    if role == "tool":
        message["tool_call_id"] = str(body.get("id") or "")
    if not _is_captured(message):
        raise ValueError("its texts weren't captured")
    return message


def _is_captured(message: dict[str, Any]) -> bool:
    """Whether a message says anything: without texts its calls have no arguments."""
    calls = message.get("tool_calls") or ()
    whole = all("arguments" in call.get("function", call) for call in calls)
    return whole and (bool(calls) or message.get("content") is not None)

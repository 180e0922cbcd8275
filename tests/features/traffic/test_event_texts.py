"""Texts that come as events of a log are joined to their request, whichever came first."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.features.traffic.erase import erase_requests
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import EventTexts, RefusedRows, Request, RequestText
from evalhub.features.traffic.storage.retention import renew_days
from evalhub.io.canonical import digest_of
from tests.api.conftest import Program
from tests.cast import Team
from tests.features.traffic.otlp_bodies import (
    SPAN,
    TRACE,
    a_log_body,
    a_span,
    a_trace_body,
    any_value,
    key_values,
    now_ns,
)
from tests.features.traffic.recount import assert_roll_ups_are_a_recount
from tests.features.traffic.test_otlp_api import send

SDK = Path(__file__).parent / "openai_sdk" / "event_only.json"
"""What opentelemetry-instrumentation-openai-v2 2.4b0 sends of two calls whose texts are events."""
SECOND_NS = 10**9
QUESTION = "Where is the order of ada@example.org?"
CALL = {"name": "find_order", "arguments": {"mail": "[mail-1]"}}


@pytest.fixture
def exporter(team: Team, program: Callable[..., Program]) -> Client:
    change_settings(project=team.project, by=team.olga, text_share=1)
    return program("traffic").client


def began() -> int:
    """Ten minutes ago, or the end of yesterday if that is later: a call has one day and hour."""
    return now_ns() - 600 * SECOND_NS


def recorded(kind: str) -> bytes:
    """What the SDK sent, as if it were now."""
    text = SDK.read_text()
    first = min(int(span["startTimeUnixNano"]) for span in spans_of(json.loads(text)["spans"]))
    return json.dumps(shifted(json.loads(text)[kind], began() - first)).encode()


def spans_of(document: Any) -> list[dict[str, Any]]:
    return [
        span for part in document["resourceSpans"] for scope in part["scopeSpans"]
        for span in scope["spans"]
    ]  # fmt: skip


def shifted(value: Any, later: int) -> Any:
    """With all times that much later."""
    if isinstance(value, list):
        return [shifted(member, later) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        name: str(int(member) + later) if name.endswith("UnixNano") else shifted(member, later)
        for name, member in value.items()
    }


def an_event(name: str, body: Any, at: int, **fields: Any) -> dict[str, Any]:
    """A log record of the span with a message, as the conventions had it before 1.37."""
    return {
        "observedTimeUnixNano": str(at),
        "eventName": name,
        "traceId": TRACE,
        "spanId": SPAN,
        "attributes": key_values({"gen_ai.system": "openai"}),
        **({} if body is None else {"body": any_value(body)}),
    } | fields


def a_call(start: int, attributes: Mapping[str, Any] | None = None) -> bytes:
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + SECOND_NS)}
    return a_trace_body(a_span({"gen_ai.usage.input_tokens": 12, **(attributes or {})}, **times))


def asked(start: int, *texts: str) -> bytes:
    """Messages of a user, a microsecond after each other."""
    events = [
        an_event("gen_ai.user.message", {"content": text}, start + 1000 * number)
        for number, text in enumerate(texts)
    ]
    return a_log_body(*events)


def answered(start: int, message: Mapping[str, Any]) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant"} | message}
    return a_log_body(an_event("gen_ai.choice", choice, start + SECOND_NS))


def stored() -> tuple[Any, ...]:
    request, text = Request.objects.get(), RequestText.objects.get()
    assert (request.key, text.key, text.day) == (f"{TRACE}-{SPAN}", request.key, request.day)
    assert request.has_text
    assert_roll_ups_are_a_recount()
    return [each["content"] for each in text.messages], text.output, text.tool_calls, request.masked


@pytest.mark.parametrize("order", [("logs", "traces"), ("traces", "logs")])
def test_what_the_real_sdk_sends_as_events_is_of_its_requests(
    exporter: Client, order: tuple[str, str]
) -> None:
    bodies = {"logs": recorded("logs"), "traces": recorded("spans")}
    for at in (*order, *order):
        assert send(exporter, bodies[at], at=at).json() == {}
    first, second = Request.objects.order_by("time")
    called, said = (RequestText.objects.get(key=request.key) for request in (first, second))
    question = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Where is the order of [mail-1]?"},
    ]
    assert called.messages == question
    assert (called.output, called.tool_calls, first.finish_reason) == (None, [CALL], "tool_calls")
    assert said.messages[:2] == question
    assert [message["role"] for message in said.messages[2:]] == ["assistant", "tool"]
    assert (said.output, said.tool_calls) == ("It is on its way to [mail-1].", None)
    assert (first.language, first.masked, second.masked) == ("en", 2, 3)
    plain = [question[0], {"role": "user", "content": QUESTION}]
    assert first.digest == digest_of(plain)
    assert not RefusedRows.objects.exists()
    assert_roll_ups_are_a_recount()


ORDERS = [
    "asked answered call",
    "call asked answered",
    "asked call answered",
    "answered call asked",
]


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_asked_and_answered_may_come_in_two_batches(exporter: Client, order: str) -> None:
    start = began()
    reply = "It went to ada@example.org and bob@example.org."
    bodies = {
        "asked": (asked(start, QUESTION), "logs"),
        "answered": (answered(start, {"content": reply}), "logs"),
        "call": (a_call(start), "traces"),
    }
    for name in [*order.split(), *order.split()]:
        body, at = bodies[name]
        assert send(exporter, body, at=at).json() == {}
    question, output = "Where is the order of [mail-1]?", "It went to [mail-1] and [mail-2]."
    assert stored() == ([question], output, None, 3)
    assert Request.objects.get().language == "en"


def test_messages_that_an_exporter_parts_are_put_together_and_none_twice(exporter: Client) -> None:
    start = began()
    parts = [asked(start, "One?", "Two?"), asked(start + SECOND_NS // 2, "Three?")]
    send(exporter, parts[0], at="logs")
    send(exporter, a_call(start))
    for body in (parts[1], parts[0], parts[1]):
        send(exporter, body, at="logs")
    send(exporter, answered(start, {"content": "Four."}), at="logs")
    assert stored() == (["One?", "Two?", "Three?"], "Four.", None, 0)
    messages = [{"role": "user", "content": text} for text in ("One?", "Two?", "Three?")]
    assert Request.objects.get().digest == digest_of(messages)


def test_tools_that_are_called_and_their_results_are_messages(exporter: Client) -> None:
    start = began()
    function = {"name": "find_order", "arguments": '{"mail": "ada@example.org"}'}
    call = {"id": "c-1", "type": "function", "function": function}
    events = [
        an_event("gen_ai.assistant.message", {"tool_calls": [call]}, start),
        an_event("gen_ai.tool.message", {"id": "c-1", "content": "at sea"}, start + 1000),
    ]
    send(exporter, a_log_body(*events), at="logs")
    send(exporter, answered(start, {"tool_calls": [call]}), at="logs")
    send(exporter, a_call(start))
    text = RequestText.objects.get()
    masked = call | {"function": function | {"arguments": '{"mail": "[mail-1]"}'}}
    assert text.messages == [
        {"role": "assistant", "content": None, "tool_calls": [masked]},
        {"role": "tool", "content": "at sea", "tool_call_id": "c-1"},
    ]
    assert (text.output, text.tool_calls) == (None, [CALL])


def test_events_whose_texts_were_not_captured_are_counted(exporter: Client) -> None:
    start = began()
    bare = {"id": "c-1", "type": "function", "function": {"name": "find_order"}}
    events = [
        an_event("gen_ai.user.message", None, start),
        an_event("gen_ai.choice", {"index": 0, "message": {"tool_calls": [bare]}}, start),
    ]
    body = a_log_body(*events, an_event("gen_ai.user.message", "Hi?", start, spanId=""))
    assert send(exporter, body, at="logs").json() == {}
    assert RefusedRows.objects.get().rows == 3
    assert not EventTexts.objects.exists()


def test_texts_of_the_span_itself_stay(exporter: Client) -> None:
    start = began()
    own = [{"role": "user", "parts": [{"type": "text", "content": "Mine?"}]}]
    send(exporter, asked(start, "Early?"), at="logs")
    send(exporter, a_call(start, {"gen_ai.input.messages": json.dumps(own)}))
    send(exporter, asked(start + SECOND_NS, "Late?"), at="logs")
    assert [each["content"] for each in RequestText.objects.get().messages] == ["Mine?"]
    assert_roll_ups_are_a_recount()


@pytest.mark.parametrize("late", [False, True])
def test_with_texts_off_the_language_and_the_digest_stay(
    team: Team, exporter: Client, late: bool
) -> None:
    change_settings(project=team.project, by=team.olga, text_share=0)
    start = began()
    bodies = [(asked(start, "Where is my order?"), "logs"), (a_call(start), "traces")]
    for body, at in reversed(bodies) if late else bodies:
        send(exporter, body, at=at)
    request = Request.objects.get()
    assert (request.language, len(request.digest), request.has_text) == ("en", 64, False)
    assert not RequestText.objects.exists()
    assert EventTexts.objects.get().messages is None
    assert_roll_ups_are_a_recount()


def test_a_call_that_ends_after_midnight_has_the_day_on_which_it_began(exporter: Client) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    start = nanoseconds(midnight) - SECOND_NS // 2
    send(exporter, a_call(start))
    send(exporter, asked(start + SECOND_NS, "Late?"), at="logs")
    assert stored()[0] == ["Late?"]
    assert Request.objects.get().day == (midnight - timedelta(days=1)).date()


def nanoseconds(time: datetime) -> int:
    return int(time.timestamp()) * SECOND_NS


def test_texts_that_no_request_has_are_kept_for_two_days(team: Team, exporter: Client) -> None:
    send(exporter, asked(began(), "Whose?"), at="logs")
    for days, remaining in ((2, 1), (3, 0)):
        EventTexts.objects.update(day=timezone.now().date() - timedelta(days=days))
        renew_days()
        assert EventTexts.objects.count() == remaining


def test_who_is_erased_has_no_texts_that_wait_either(team: Team, exporter: Client) -> None:
    start = began()
    send(exporter, asked(start, QUESTION), at="logs")
    send(exporter, a_call(start))
    request = Request.objects.get()
    assert erase_requests(team.project, request.day, [request.key]) == {"requests": 1, "texts": 1}
    assert not EventTexts.objects.exists()


def test_an_event_that_cannot_be_taken_is_named(exporter: Client) -> None:
    body = asked(began(), "a\x00b")
    partial = send(exporter, body, at="logs").json()["partialSuccess"]
    assert partial["rejectedLogRecords"] == "1"
    assert partial["errorMessage"].startswith("log record 1: field 'messages[0].content'")
    assert not EventTexts.objects.exists()

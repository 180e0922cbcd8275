"""The tools that a span's answer calls, and texts that are events of a span."""

import json
from typing import Any

import pytest

from tests.features.traffic.otlp_bodies import an_event
from tests.features.traffic.test_genai import ASKED, request_of

CALL = {"name": "find_order", "arguments": {"number": 5}}


def test_the_tools_that_an_answer_calls_are_read() -> None:
    call = {"type": "tool_call", "id": "c-1", "name": "find_order", "arguments": '{"number": 5}'}
    answer = {"role": "assistant", "parts": [call], "finish_reason": "tool_call"}
    request = request_of({"gen_ai.output.messages": [answer]})
    assert (request.output, request.tool_calls) == (None, (CALL,))
    with_text = answer | {"parts": [{"type": "text", "content": "I look."}, call]}
    request = request_of({"gen_ai.output.messages": [with_text]})
    assert (request.output, request.tool_calls) == ("I look.", (CALL,))


@pytest.mark.parametrize(
    ("asked", "answered", "inside"),
    [
        ("llm.input_messages.{}.message.", "llm.output_messages.0.message.", "tool_call.function."),
        ("gen_ai.prompt.{}.", "gen_ai.completion.0.", ""),
    ],
)
def test_calls_whose_fields_are_attributes_are_read(asked: str, answered: str, inside: str) -> None:
    first, second = asked.format(0), asked.format(1)
    request = request_of(
        {
            f"{first}role": "assistant",
            f"{first}tool_calls.0.{inside}name": "find_order",
            f"{first}tool_calls.0.{inside}arguments": '{"number": 5}',
            f"{second}role": "tool",
            f"{second}content": "At sea.",
            f"{second}tool_call_id": "c-1",
            f"{answered}role": "assistant",
            f"{answered}tool_calls.0.{inside}name": "find_order",
            f"{answered}tool_calls.0.{inside}arguments": '{"number": 5}',
        }
    )
    function = {"name": "find_order", "arguments": '{"number": 5}'}
    assert request.messages == (
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "At sea.", "tool_call_id": "c-1"},
    )
    assert (request.output, request.tool_calls) == (None, (CALL,))


MESSAGE = {"content": "Where is my order?"}
CHOICE = {"index": 0, "finish_reason": "stop", "message": {"content": "At sea."}}
DETAILS = {
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", **MESSAGE}]}]),
    "gen_ai.output.messages": [
        {"role": "assistant", "parts": [{"type": "text", "content": "At sea."}]}
    ],
}


@pytest.mark.parametrize(
    "events",
    [
        {"gen_ai.client.inference.operation.details": DETAILS},
        {
            "gen_ai.user.message": {"gen_ai.event.content": json.dumps(MESSAGE)},
            "gen_ai.choice": {"gen_ai.event.content": json.dumps(CHOICE)},
        },
        {
            "gen_ai.content.prompt": {"gen_ai.prompt": json.dumps([ASKED])},
            "gen_ai.content.completion": {
                "gen_ai.completion": json.dumps([{"role": "assistant", "content": "At sea."}])
            },
        },
    ],
)
def test_texts_that_are_events_of_the_span_are_read(events: dict[str, dict[str, Any]]) -> None:
    request = request_of({}, events=[an_event(*event) for event in events.items()])
    assert (request.messages, request.output) == ((ASKED,), "At sea.")


@pytest.mark.parametrize("content", ["5", "{", "[]", '{"tool_calls": 5}', '{"tool_calls": [5]}'])
def test_events_that_cannot_be_read_leave_the_request(content: str) -> None:
    names = ("gen_ai.assistant.message", "gen_ai.choice", "gen_ai.user.message")
    events = [an_event(name, {"gen_ai.event.content": content}) for name in names]
    assert request_of({}, events=events).output is None


@pytest.mark.parametrize("call", [{"type": "tool_call"}, {"type": "tool_call", "name": ""}, 5])
def test_of_an_answer_whose_call_cannot_be_read_nothing_is_kept(call: Any) -> None:
    parts = [{"type": "text", "content": "I look."}, call]
    request = request_of({"gen_ai.output.messages": [{"role": "assistant", "parts": parts}]})
    assert (request.output, request.tool_calls) == (None, None)

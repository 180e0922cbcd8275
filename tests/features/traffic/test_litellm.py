"""LiteLLM's logger payload becomes a request."""

import json
from typing import Any

import pytest

from evalhub.features.traffic.files.litellm import has_payloads, read_litellm, read_payloads
from evalhub.features.traffic.rows import RequestRow
from evalhub.features.traffic.taking_in import Flaw, FlawReason
from tests.features.traffic.otlp_bodies import RECORDED

MIRRORED, CALLED, FAILED, PLAIN = (
    json.loads(line) for line in (RECORDED / "payloads.jsonl").read_text().splitlines()
)


def request_of(record: dict[str, Any]) -> RequestRow:
    row = read_litellm(record)
    assert isinstance(row, RequestRow), row
    return row


def test_a_call_is_read_with_its_callers_id() -> None:
    row = request_of(CALLED)
    assert (row.id, row.mirror_of) == ("r-1", "")
    assert (row.model, row.route) == ("openai/support-v7", "support")
    assert (row.user, row.conversation, row.tags) == ("user-7", "conv-1", ("a",))
    assert (row.prompt_tokens, row.completion_tokens) == (4, 3)
    assert row.latency_ms == pytest.approx(38.5, abs=0.01)
    assert row.first_token_ms is None
    assert (row.finish_reason, row.error_type) == ("stop", "")
    assert row.response_id == CALLED["id"]
    assert row.trace_id == MIRRORED["metadata"]["requester_metadata"]["trace_id"]
    assert row.output == "You said: Where is my order?"


def test_a_mirrored_call_names_the_request_that_it_is_a_copy_of() -> None:
    row = request_of(MIRRORED)
    assert row.mirror_of == "r-1"
    assert row.id == MIRRORED["litellm_call_id"]
    unnamed = {"trace_id": row.trace_id}
    record = MIRRORED | {"metadata": {"requester_metadata": unnamed}}
    assert request_of(record).mirror_of == row.trace_id


def test_a_failed_call_has_its_errors_class_and_no_tokens() -> None:
    row = request_of(FAILED)
    assert row.error_type == "InternalServerError"
    assert (row.prompt_tokens, row.completion_tokens, row.output) == (None, None, None)


def test_a_call_without_an_id_of_the_callers_has_litellms() -> None:
    row = request_of(PLAIN)
    assert (row.id, row.conversation) == (PLAIN["litellm_call_id"], "")


def test_a_cost_of_nothing_is_no_cost_since_litellm_says_so_without_a_price() -> None:
    assert request_of(PLAIN).cost_usd is None
    assert request_of(PLAIN | {"response_cost": 0.25}).cost_usd == 0.25


def test_a_streams_first_token_is_timed() -> None:
    started = PLAIN["startTime"]
    row = request_of(PLAIN | {"stream": True, "completionStartTime": started + 0.25})
    assert row.first_token_ms == pytest.approx(250, abs=0.01)


def test_the_tools_that_an_answer_calls_are_read() -> None:
    function = {"name": "find_order", "arguments": '{"number": 5}'}
    call = {"id": "c-1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    row = request_of(PLAIN | {"response": PLAIN["response"] | {"choices": [choice]}})
    assert (row.output, row.finish_reason) == (None, "tool_calls")
    assert row.tool_calls == ({"name": "find_order", "arguments": {"number": 5}},)


def test_an_answer_in_parts_is_read() -> None:
    parts = [{"type": "thinking"}, {"type": "text", "text": "At "}, {"type": "text", "text": "sea"}]
    choices = [{"message": {"role": "assistant", "content": parts}}]
    assert request_of(PLAIN | {"response": {"choices": choices}}).output == "At sea"


def test_a_payload_without_a_field_says_which() -> None:
    flaw = read_litellm({name: value for name, value in PLAIN.items() if name != "model"})
    assert str(flaw) == "isn't a StandardLoggingPayload of LiteLLM: 'model' is missing"


def test_cached_and_reasoning_tokens_are_read() -> None:
    usage = {
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    row = request_of(PLAIN | {"response": PLAIN["response"] | {"usage": usage}})
    assert (row.cached_tokens, row.reasoning_tokens) == (2, 1)


def test_nothing_else_of_its_metadata_comes_in() -> None:
    text = str([request_of(record) for record in (MIRRORED, CALLED, FAILED, PLAIN)])
    for secret in ("127.0.0.1", "header-secret", "urllib", "api_key", "default_user_id"):
        assert secret not in text


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({"startTime": "yesterday"}, FlawReason.INVALID, "isn't a StandardLoggingPayload"),
        ({"model": None}, FlawReason.INVALID, "field 'model'"),
        ({"metadata": 5}, FlawReason.INVALID, "isn't a StandardLoggingPayload"),
        ({"response": "text"}, FlawReason.INVALID, "isn't a StandardLoggingPayload"),
        ({"prompt_tokens": -1}, FlawReason.NEGATIVE, "field 'prompt_tokens'"),
        ({"response_cost": float("nan")}, FlawReason.NOT_A_NUMBER, "cost_usd"),
        ({"endTime": 0}, FlawReason.NEGATIVE, "field 'latency_ms'"),
        ({"startTime": 1e300}, FlawReason.INVALID, "isn't a StandardLoggingPayload"),
        ({"startTime": -1e18}, FlawReason.INVALID, "a field has another type there"),
    ],
)
def test_a_payload_that_cannot_be_is_a_flaw(
    changes: dict[str, Any], reason: FlawReason, message: str
) -> None:
    flaw = read_litellm(PLAIN | changes, line=7)
    assert isinstance(flaw, Flaw)
    assert (flaw.line, flaw.reason) == (7, reason)
    assert message in str(flaw)


def test_a_payload_is_told_from_a_row_of_ours() -> None:
    assert has_payloads(json.dumps(PLAIN).encode())
    ours = b'{"id": "r-1", "time": "2026-11-30T05:32:32Z", "model": "support-v7"}'
    assert not any(map(has_payloads, (ours, b"[]", b"{", b"\xff", b"")))


def test_a_line_that_is_no_payload_is_a_flaw_and_the_others_are_read() -> None:
    lines = [json.dumps(PLAIN).encode(), b"\n", b"no JSON", b"[]", b"{}", b"\xff"]
    result = read_payloads(enumerate(lines, start=1))
    assert [number for number, _ in result.rows] == [1]
    assert [(flaw.line, flaw.reason) for flaw in result.flaws] == [
        (3, FlawReason.NOT_JSON),
        (4, FlawReason.NOT_JSON),
        (5, FlawReason.INVALID),
        (6, FlawReason.NOT_JSON),
    ]

"""What spans and log records say becomes requests and signals, whichever names they use."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from evalhub.features.traffic.otlp.genai import Traffic, traffic_of_records, traffic_of_spans
from evalhub.features.traffic.otlp.json_bodies import read_records, read_spans
from evalhub.features.traffic.otlp.same_calls import TracedCall
from evalhub.features.traffic.rows import RequestRow, SignalRow
from evalhub.features.traffic.taking_in import FlawReason
from tests.features.traffic.otlp_bodies import (
    RECORDED,
    SPAN,
    STARTED,
    TRACE,
    a_log_body,
    a_record,
    a_span,
    a_trace_body,
    an_event,
    key_values,
)
from tests.features.traffic.rows_of import noon

ASKED = {"role": "user", "content": "Where is my order?"}


def of(*spans: Any) -> Traffic:
    return traffic_of_spans(read_spans(a_trace_body(*spans)))


def request_of(attributes: dict[str, Any], **fields: Any) -> RequestRow:
    [(_, request)] = of(a_span(attributes, **fields)).requests
    return request


def only(attributes: dict[str, Any]) -> dict[str, Any]:
    """A span with these attributes and no other."""
    return a_span() | {"attributes": key_values(attributes)}


def signal_of(attributes: dict[str, Any], **fields: Any) -> SignalRow:
    body = a_log_body(a_record(attributes, **fields))
    [(_, signal)] = traffic_of_records(read_records(body)).signals
    return signal


def test_a_call_is_a_request_by_its_trace_and_span() -> None:
    request = request_of(
        {
            "gen_ai.response.model": "support-v7-2026",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.conversation.id": "conv-1",
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 8,
            "gen_ai.usage.reasoning.output_tokens": 3,
            "gen_ai.response.time_to_first_chunk": 0.25,
            "gen_ai.response.finish_reasons": ["stop"],
            "user.id": "user-7",
            "evalhub.tags": ["beta"],
        }
    )
    assert request.model_dump(exclude_defaults=True) == {
        "id": f"{TRACE}-{SPAN}",
        "time": datetime.fromtimestamp(STARTED / 1e9, UTC),
        "model": "support-v7-2026",
        "user": "user-7",
        "conversation": "conv-1",
        "prompt_tokens": 12,
        "completion_tokens": 7,
        "cached_tokens": 8,
        "reasoning_tokens": 3,
        "latency_ms": 1000.0,
        "first_token_ms": 250.0,
        "finish_reason": "stop",
        "response_id": "chatcmpl-1",
        "trace_id": TRACE,
        "route": "shop",
        "tags": ("beta",),
    }


@pytest.mark.parametrize(
    ("attributes", "field", "value"),
    [
        ({}, "model", "support-v7"),
        ({"gen_ai.usage.prompt_tokens": 12}, "prompt_tokens", 12),
        ({"gen_ai.usage.input_tokens": 12.0}, "prompt_tokens", 12),
        ({"gen_ai.usage.completion_tokens": 7}, "completion_tokens", 7),
        ({"gen_ai.usage.cache_read_input_tokens": 8}, "cached_tokens", 8),
        ({"gen_ai.response.finish_reasons": '["length"]'}, "finish_reason", "length"),
        ({"session.id": "s-1"}, "conversation", "s-1"),
        ({"enduser.id": "user-8"}, "user", "user-8"),
        ({"llm.cost.total": 0.5}, "cost_usd", 0.5),
        ({"llm.cost.total": 0.0}, "cost_usd", 0.0),
        ({"gen_ai.cost.total_cost": 0.5}, "cost_usd", 0.5),
        ({"gen_ai.cost.total_cost": 0.0}, "cost_usd", None),  # LiteLLM has no price of it
        ({"evalhub.route": "checkout"}, "route", "checkout"),
        ({"feature_flag.result.variant": "candidate"}, "arm", "candidate"),
        ({"error.type": "timeout"}, "error_type", "timeout"),
    ],
)
def test_a_name_old_or_new_is_read(attributes: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(request_of(attributes), field) == value


def test_openinferences_call_is_a_request() -> None:
    call = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "support-v7",
        "llm.token_count.prompt": 12,
        "llm.token_count.completion": 7,
        "llm.token_count.prompt_details.cache_read": 8,
        "llm.token_count.completion_details.reasoning": 3,
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.content": "Where is my order?",
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "Be kind.",
        "llm.output_messages.0.message.content": "On its way.",
        "input.value": "said again",
    }
    [(_, request)] = of(only(call)).requests
    assert request.messages == ({"role": "system", "content": "Be kind."}, ASKED)
    assert request.output == "On its way."
    assert (request.prompt_tokens, request.cached_tokens, request.reasoning_tokens) == (12, 8, 3)
    plain = {"openinference.span.kind": "LLM", "llm.model_name": "m"}
    texts = {"input.value": "Where is my order?", "output.value": "On its way."}
    [(_, request)] = of(only(plain | texts)).requests
    assert (request.messages, request.output) == ((ASKED,), "On its way.")
    texts = {
        "input.value": json.dumps({"messages": [ASKED]}),
        "output.value": json.dumps({"choices": [{"message": {"content": "On its way."}}]}),
    }
    [(_, request)] = of(only(plain | texts)).requests
    assert (request.messages, request.output) == ((ASKED,), "On its way.")


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"gen_ai.operation.name": "execute_tool", "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": ["chat"], "gen_ai.request.model": "m"},
        {"openinference.span.kind": "CHAIN", "input.value": "Hi"},
        {"error.type": "500"},
    ],
)
def test_a_span_that_is_no_model_call_is_counted_and_not_refused(
    attributes: dict[str, Any],
) -> None:
    traffic = of(only(attributes))
    assert (traffic.requests, traffic.flaws, traffic.others) == ([], [], 1)


TEXT = {"type": "text", "content": "Where is my order?"}
PARTS = [{"role": "user", "parts": [TEXT]}]
CALL = {"type": "tool_call", "id": "c1", "name": "find", "arguments": {"id": 7}}
CALLED = {
    "id": "c1",
    "type": "function",
    "function": {"name": "find", "arguments": '{"id": 7}'},
}
RESULT = {"type": "tool_call_response", "id": "c1", "response": {"at": "sea"}}
CONTENT = {"type": "text", "text": "Where is my order?"}
IMAGE = {"type": "blob", "modality": "image", "content": "AAAA"}


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("messages", "chat"),
    [
        (PARTS, [ASKED]),
        ([ASKED], [ASKED]),
        (
            [{"role": "assistant", "parts": [CALL]}, {"role": "tool", "parts": [RESULT]}],
            [
                {"role": "assistant", "content": None, "tool_calls": [CALLED]},
                {"role": "tool", "tool_call_id": "c1", "content": '{"at": "sea"}'},
            ],
        ),
        (
            [{"role": "user", "parts": [TEXT, IMAGE]}],
            [{"role": "user", "content": [CONTENT, {"type": "image"}]}],
        ),
    ],
)  # fmt: skip
def test_messages_become_chat_messages(messages: Any, chat: list[Any], as_json: bool) -> None:
    value = json.dumps(messages) if as_json else messages
    assert request_of({"gen_ai.input.messages": value}).messages == tuple(chat)


def test_instructions_stand_first_and_the_answer_apart() -> None:
    answer = [{"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}, {
        "type": "text", "content": "At sea."}], "finish_reason": "stop"}]  # fmt: skip
    request = request_of(
        {
            "gen_ai.system_instructions": [{"type": "text", "content": "Be kind."}],
            "gen_ai.input.messages": PARTS,
            "gen_ai.output.messages": json.dumps(answer),
        }
    )
    assert request.messages == ({"role": "system", "content": "Be kind."}, ASKED)
    assert (request.output, request.finish_reason) == ("At sea.", "stop")


@pytest.mark.parametrize(
    "messages",
    ['[{"role": "user", "parts": [{"type": "te', "[" * 100_000, "5", "[5]", '[{"parts": [{}]}]'],
)
def test_texts_that_cannot_be_read_leave_the_request(messages: str) -> None:
    attributes = {"gen_ai.input.messages": messages, "gen_ai.output.messages": messages}
    request = request_of(attributes)
    assert (request.messages, request.output, request.latency_ms) == (None, None, 1000)


def test_a_failed_call_has_the_class_of_its_error() -> None:
    raised = an_event("exception", {"exception.type": "openai.APITimeoutError"})
    failed = {"code": 2}
    assert request_of({}, status=failed, events=[raised]).error_type == "openai.APITimeoutError"
    assert request_of({}, status=failed).error_type == "error"
    assert request_of({}, events=[raised]).error_type == ""
    assert request_of({"error.type": "e" * 300}).error_type == "e" * 100


def test_a_flag_that_was_evaluated_during_the_call_is_its_arm() -> None:
    event = an_event("feature_flag.evaluation", {"feature_flag.result.variant": "candidate"})
    assert request_of({}, events=[event]).arm == "candidate"


@pytest.mark.parametrize(
    ("attributes", "fields", "reason", "field"),
    [
        ({"gen_ai.usage.input_tokens": -1}, {}, FlawReason.NEGATIVE, "prompt_tokens"),
        ({"gen_ai.usage.input_tokens": 2**40}, {}, FlawReason.INVALID, "prompt_tokens"),
        ({"gen_ai.usage.input_tokens": "many"}, {}, FlawReason.INVALID, "prompt_tokens"),
        ({"gen_ai.response.time_to_first_chunk": float("nan")}, {}, FlawReason.NOT_A_NUMBER,
         "first_token_ms"),
        ({"llm.cost.total": float("inf")}, {}, FlawReason.NOT_A_NUMBER, "cost_usd"),
        ({}, {"endTimeUnixNano": str(STARTED - 1)}, FlawReason.NEGATIVE, "latency_ms"),
        ({}, {"startTimeUnixNano": 0}, FlawReason.INVALID, "time"),
        ({}, {"startTimeUnixNano": str(2**64 - 1), "endTimeUnixNano": 0}, None, ""),
        ({"gen_ai.request.model": ""}, {}, FlawReason.INVALID, "model"),
        ({"user.id": "u" * 201}, {}, FlawReason.INVALID, "user"),
        ({"user.id": "a\x00b"}, {}, FlawReason.INVALID, "user"),
        ({"gen_ai.input.messages": json.dumps([{"role": "user", "content": "\ud800"}])}, {},
         FlawReason.INVALID, "messages[0].content"),
        ({"evalhub.tags": [5]}, {}, FlawReason.INVALID, "tags.0"),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_is_a_flaw_and_the_others_are_taken(
    attributes: dict[str, Any], fields: dict[str, Any], reason: FlawReason | None, field: str
) -> None:
    traffic = of(a_span(attributes, **fields), a_span(spanId="ab" * 8))
    assert [(flaw.reason, flaw.field) for flaw in traffic.flaws] == (
        [(reason, field)] if reason else []
    )
    assert traffic.requests[-1] == (2, traffic.requests[-1][1])
    for flaw in traffic.flaws:
        assert flaw.line == 1
        assert field.partition(".")[0].partition("[")[0] in str(flaw)


def test_an_evaluation_is_a_signal_on_its_response_its_call_or_its_trace() -> None:
    scores = {
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.score.label": "good",
        "gen_ai.evaluation.explanation": "It is kind.",
    }
    signal = signal_of(scores)
    assert (signal.name, signal.value, signal.label) == ("helpful", 0.5, "good")
    assert (signal.by, signal.text, signal.request) == ("model", "It is kind.", f"{TRACE}-{SPAN}")
    assert signal_of({"gen_ai.response.id": "chatcmpl-1"}).request == "chatcmpl-1"
    of_trace = signal_of({}, spanId="")
    assert (of_trace.request, of_trace.trace_id) == ("", TRACE)
    assert signal_of({"annotation.annotator_kind": "HUMAN"}).by == "person"
    assert signal_of({"annotation.annotator_kind": "CODE"}).by == "code"


def test_the_same_evaluation_has_the_same_id_and_another_has_another() -> None:
    value = "gen_ai.evaluation.score.value"
    assert signal_of({value: 1.0}) == signal_of({value: 1.0})
    others = [signal_of({value: 1.0}), signal_of({value: 0.0}), signal_of({}, spanId="ab" * 8)]
    assert len({signal.id for signal in others}) == 3


def test_an_evaluation_may_be_an_event_of_the_span() -> None:
    event = an_event("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "helpful"})
    traffic = of(a_span(events=[event]), only({}) | {"events": [event], "spanId": "ab" * 8})
    [(_, of_call), (_, of_other)] = traffic.signals
    assert (of_call.request, of_call.trace_id) == (f"{TRACE}-{SPAN}", "")
    assert (of_other.request, of_other.trace_id) == ("", TRACE)


def test_a_log_record_that_is_no_evaluation_is_counted() -> None:
    body = a_log_body(a_record({}, eventName="gen_ai.content.prompt"))
    traffic = traffic_of_records(read_records(body))
    assert (traffic.signals, traffic.others) == ([], 1)


def test_an_evaluation_without_a_name_is_a_flaw() -> None:
    body = a_log_body(a_record({"gen_ai.evaluation.name": ""}))
    [flaw] = traffic_of_records(read_records(body)).flaws
    assert flaw.field == "name"


def recorded() -> Traffic:
    return traffic_of_spans(read_spans((RECORDED / "spans.json").read_bytes()))


def test_of_litellms_spans_only_the_call_counts_by_the_model_that_served_it() -> None:
    traffic = recorded()
    calls = [row for _, row in traffic.requests if not row.mirror_of]
    assert [row.model for row in calls] == [
        "openai/support-v7",
        "openai/broken-v1",
        "openai/support-v8",
    ]
    assert [row.route for row in calls] == ["support", "broken", "support-next"]
    assert [row.error_type for row in calls] == ["", "InternalServerError", ""]
    assert {row.user for row in calls} == {"user-7"}
    assert calls[0].messages == ({"role": "system", "content": "Be kind."}, ASKED)
    assert calls[0].output == "You said: Where is my order?"
    assert (traffic.others, traffic.flaws) == (31, [])


def test_litellms_mirrored_call_is_a_request_that_names_the_trace() -> None:
    [mirrored] = [row for _, row in recorded().requests if row.mirror_of]
    [first] = [row for _, row in recorded().requests if row.model == "openai/support-v7"]
    assert mirrored.mirror_of == mirrored.trace_id == first.trace_id
    assert (mirrored.model, mirrored.output) == ("openai/support-v8", first.output)
    assert mirrored.messages == first.messages
    assert (mirrored.prompt_tokens, mirrored.completion_tokens) == (4, 3)


def test_so_it_is_where_the_mirror_answers_first() -> None:
    """LiteLLM then writes the call's attributes on the web framework's span, which is open."""
    spans = read_spans((RECORDED / "spans.json").read_bytes())
    call = next(span for span in spans if span.name == "litellm_request")
    written = [
        span._replace(attributes=call.attributes) if span.name == "fastapi.endpoint" else span
        for span in spans
    ]
    assert traffic_of_spans(written).requests == recorded().requests


def test_nothing_of_its_metadata_comes_in() -> None:
    text = str(recorded())
    for secret in ("127.0.0.1", "header-secret", "urllib", "api_key", "default_user_id"):
        assert secret not in text


def test_the_inner_span_of_a_call_that_came_before_is_no_second_request() -> None:
    spans = read_spans((RECORDED / "spans.json").read_bytes())
    [place] = [n for n, span in enumerate(spans) if span.name == "litellm_request"][:1]
    call = f"{spans[place].trace_id}-{spans[place].span_id}"
    later = traffic_of_spans(spans[place + 1 : place + 2])
    assert [*later.around.values()] == [call]
    whole = TracedCall(call, spans[place].trace_id, "", "m", noon(), noon())
    [(_, inner)] = later.requests
    assert later.told_twice([whole]) == {inner.id}
    assert later.others == 1

"""A request out of LiteLLM's logger payload (`StandardLoggingPayload`, read in 1.108.7). Pure.

Of its metadata only `requester_metadata` is read, which the caller sent, and of that three names:
the rest holds keys, addresses and headers.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from evalhub.features.traffic.files.reading import Rows
from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.otlp.genai_texts import chat_messages, first_choice
from evalhub.features.traffic.row_check import row_or_flaw
from evalhub.features.traffic.rows import LONGEST_FINISH_REASON, LONGEST_NAME, MOST_TAGS, RequestRow
from evalhub.io.json_values import JsonError, parse_json

REQUEST = "evalhub_request"
"""What the caller's metadata calls the request: its id here, and what a mirrored copy is of."""
MIRRORED = "is_silent_experiment"
"""What LiteLLM's own metadata says of a mirrored call. The payload lacks it: the logger in
docs/how-to/send-traffic-otlp.md adds it."""


def has_payloads(line: bytes) -> bool:
    """Whether a line of JSON is such a payload, and not a row of ours."""
    try:
        record = parse_json(line.decode())
    except (JsonError, UnicodeDecodeError):
        return False
    if not isinstance(record, dict):
        return False
    return "litellm_call_id" in record or {"call_type", "startTime"} <= record.keys()


def read_payloads(lines: Iterable[tuple[int, bytes]]) -> Rows[RequestRow]:
    """The requests that numbered lines log, a payload each; blank lines are none."""
    result: Rows[RequestRow] = Rows()
    for number, line in lines:
        row = _of_line(line, number) if line.strip() else None
        if isinstance(row, Flaw):
            result.flaws.append(row)
        elif row is not None:
            result.rows.append((number, row))
    return result


def _of_line(line: bytes, number: int) -> RequestRow | Flaw:
    try:
        record = parse_json(line.decode())
    except (JsonError, UnicodeDecodeError) as error:
        return Flaw(number, FlawReason.NOT_JSON, str(error))
    if not isinstance(record, dict):
        return Flaw(number, FlawReason.NOT_JSON, "a JSON object is needed, a line each")
    return read_litellm(record, number)


def read_litellm(record: Mapping[str, Any], line: int = 1) -> RequestRow | Flaw:
    """The request that a payload logs, or why it is none."""
    try:
        values = _values(record)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError) as error:
        missing = isinstance(error, KeyError)
        why = f"{error} is missing" if missing else "a field has another type there"
        message = f"isn't a StandardLoggingPayload of LiteLLM: {why}"
        return Flaw(line, FlawReason.INVALID, message)
    return row_or_flaw(RequestRow, values, line)


def _values(record: Mapping[str, Any]) -> dict[str, Any]:
    metadata = (record.get("metadata") or {}).get("requester_metadata") or {}
    named = _text(metadata.get(REQUEST))
    mirrored = bool(record.get(MIRRORED) or metadata.get(MIRRORED))
    call, said = _text(record.get("litellm_call_id")), _text(record.get("trace_id"))
    # a session's id takes the place of the trace's, which the metadata then still has
    trace = _text(metadata.get("trace_id")) or said
    start, end = float(record["startTime"]), float(record["endTime"])
    answer = first_choice((record.get("response") or {}).get("choices"))
    failed = record.get("status") == "failure"
    return {
        "id": named if named and not mirrored else call or _text(record["id"]),
        "time": datetime.fromtimestamp(start, UTC),
        "model": _text(record["model"]),
        "user": _text(record.get("end_user")),
        "conversation": _text(record.get("session_id")) or ("" if said == trace else said),
        "prompt_tokens": None if failed else record.get("prompt_tokens"),
        "completion_tokens": None if failed else record.get("completion_tokens"),
        **_details(record),
        "latency_ms": (end - start) * 1000,
        "first_token_ms": _first_token_ms(record, start),
        "cost_usd": record.get("response_cost") or None,  # 0 too where it has no price
        "error_type": _error(record)[:LONGEST_NAME] if failed else "",
        "finish_reason": answer.finish_reason[:LONGEST_FINISH_REASON],
        "response_id": "" if failed else _text(record["id"]),
        "trace_id": trace,
        "route": _text(record.get("model_group"))[:LONGEST_NAME],
        "tags": _tags(record),
        "mirror_of": (named or trace) if mirrored else "",
        "messages": chat_messages(record.get("messages")),
        "output": answer.text,
        "tool_calls": answer.calls,
    }


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _details(record: Mapping[str, Any]) -> dict[str, Any]:
    usage = (record.get("response") or {}).get("usage") or {}
    return {
        "cached_tokens": (usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
        "reasoning_tokens": (usage.get("completion_tokens_details") or {}).get("reasoning_tokens"),
    }


def _first_token_ms(record: Mapping[str, Any], start: float) -> float | None:
    """Of a stream: any other answer comes all at once."""
    first = record.get("completionStartTime")
    return (float(first) - start) * 1000 if record.get("stream") and first else None


def _error(record: Mapping[str, Any]) -> str:
    return _text((record.get("error_information") or {}).get("error_class")) or "error"


def _tags(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The caller's; LiteLLM adds what browser it was."""
    tags = [_text(tag) for tag in record.get("request_tags") or ()]
    return tuple(tag[:LONGEST_NAME] for tag in tags if not tag.startswith("User-Agent:"))[
        :MOST_TAGS
    ]

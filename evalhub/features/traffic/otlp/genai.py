"""Requests and signals out of spans and log records, by `genai_names`. Pure.

A request is a span that calls a model; any other is counted as such. Its id is `TRACE-SPAN`.

LiteLLM (read and tried: 1.108.7) makes about a dozen spans a call. One of them, `litellm_request`,
is the call; below it `raw_gen_ai_request` says the same again. A mirrored call has only the latter,
below another span of the same trace, so that its parent tells whether it is one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import compress
from typing import Any

from evalhub.features.traffic.flaws import Flaw
from evalhub.features.traffic.otlp import genai_names as names
from evalhub.features.traffic.otlp.genai_events import last_message, texts_of_events
from evalhub.features.traffic.otlp.genai_texts import (
    answer_of,
    chat_messages,
    first_choice,
    literal_of,
    messages_of,
)
from evalhub.features.traffic.otlp.same_calls import TracedCall, calls_around, repeated_calls
from evalhub.features.traffic.otlp.telemetry import Attributes, LogRecord, Span
from evalhub.features.traffic.row_check import row_or_flaw, time_of
from evalhub.features.traffic.rows import (
    LONGEST_FINISH_REASON,
    LONGEST_NAME,
    RequestRow,
    SignalBy,
    SignalRow,
    TextsRow,
)

_KINDS = {"HUMAN": SignalBy.PERSON, "LLM": SignalBy.MODEL, "CODE": SignalBy.CODE}
"""OpenInference's kinds of annotators."""


@dataclass(slots=True)
class Traffic:
    """What a body of OTLP holds.

    Attributes:
        requests: with the place of their span in the body, from 1.
        signals: likewise.
        texts: of requests whose spans aren't in the body, with the place of their first event.
        flaws: model calls, evaluations and texts that no row can be made of.
        others: spans that are no model call, and log records that are no evaluation or text.
        repeated: model calls that another span tells of too.
        around: by a request's id, that of the span around it, or of the nearest model call.
    """

    requests: list[tuple[int, RequestRow]] = field(default_factory=list)
    signals: list[tuple[int, SignalRow]] = field(default_factory=list)
    texts: list[tuple[int, TextsRow]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    others: int = 0
    repeated: int = 0
    around: dict[str, str] = field(default_factory=dict)

    def add(self, line: int, row: RequestRow | SignalRow | TextsRow | Flaw) -> None:
        if isinstance(row, RequestRow):
            self.requests.append((line, row))
        elif isinstance(row, SignalRow):
            self.signals.append((line, row))
        elif isinstance(row, TextsRow):
            self.texts.append((line, row))
        else:
            self.flaws.append(row)

    def told_twice(self, stored: Sequence[TracedCall]) -> set[str]:
        """Ids of requests that are told of twice, here or by one of these, which are stored; they
        are counted.

        What looks like a mirrored call is the inner span of one whose outer one is stored.
        """
        whole = {call.key for call in stored}
        mirrored = [row.id for _, row in self.requests if row.mirror_of]
        parts = {key for key in mirrored if self.around.get(key) in whole}
        calls = [TracedCall.of(row) for _, row in self.requests if not row.mirror_of]
        repeated = repeated_calls(calls, stored, self.around)
        self.others += len(parts)
        self.repeated += len(repeated)
        return parts | repeated


def traffic_of_spans(spans: Sequence[Span]) -> Traffic:
    """The requests that spans are, and the evaluations that are events of theirs."""
    traffic = Traffic()
    are_calls = _are_calls(spans)
    calls = {_id(span) for span in compress(spans, are_calls)}
    traffic.around = calls_around({_id(span): _parent(span) for span in spans}, calls)
    for line, (span, is_call) in enumerate(zip(spans, are_calls, strict=True), start=1):
        if is_call:
            traffic.add(line, row_or_flaw(RequestRow, _request(span), line))
        elif span.name == names.RAW and _parent(span) not in calls:
            traffic.add(line, row_or_flaw(RequestRow, _mirrored(span), line))
            traffic.around[_id(span)] = _parent(span)
        else:
            traffic.others += 1
        for event in span.events:
            if event.name == names.EVALUATION:
                of_call = span.span_id if is_call else ""
                signal = _signal(event.attributes, event.time_ns, span.trace_id, of_call)
                traffic.add(line, row_or_flaw(SignalRow, signal, line))
    return traffic


def traffic_of_records(records: Sequence[LogRecord]) -> Traffic:
    """The evaluations and texts among log records. Their span is the call that they are of."""
    traffic = Traffic()
    by_call: dict[str, list[tuple[int, LogRecord]]] = defaultdict(list)
    for line, record in enumerate(records, start=1):
        if record.name == names.EVALUATION:
            signal = _signal(record.attributes, record.time_ns, record.trace_id, record.span_id)
            traffic.add(line, row_or_flaw(SignalRow, signal, line))
        elif record.name in names.TEXT_EVENTS and record.trace_id and record.span_id:
            by_call[f"{record.trace_id}-{record.span_id}"].append((line, record))
        else:
            traffic.others += 1
    for call, events in by_call.items():
        events.sort(key=lambda event: event[1].time_ns)
        values = _texts(call, [record for _, record in events])
        line = events[0][0]
        if values is None:
            traffic.others += len(events)
        else:
            traffic.add(line, row_or_flaw(TextsRow, values, line))
    return traffic


def is_model_call(span: Span) -> bool:
    """Whether a span is a call of a model, and not a part of one, nor what is around it."""
    attributes = span.attributes
    if (operation := attributes.get(names.OPERATION)) is not None:
        return isinstance(operation, str) and operation in names.OPERATIONS
    if (kind := attributes.get(names.INFERENCE_KIND)) is not None:
        return kind == "LLM"
    return names.REQUESTED[0] in attributes or "gen_ai.response.model" in attributes


def _are_calls(spans: Sequence[Span]) -> list[bool]:
    """Whether each span is a model call.

    In a trace of LiteLLM's proxy only its own spans are. Where a mirrored call is answered first,
    LiteLLM writes its attributes on the span that is open then: the web framework's.
    """
    proxied = {(span.trace_id, span.service) for span in spans if span.name == names.PRIMARY}
    return [
        is_model_call(span)
        and (span.name == names.PRIMARY or (span.trace_id, span.service) not in proxied)
        for span in spans
    ]


def _id(span: Span) -> str:
    return f"{span.trace_id}-{span.span_id}"


def _texts(call: str, events: Sequence[LogRecord]) -> dict[str, Any] | None:
    """The texts of a call; None where its events have none."""
    messages, answer = texts_of_events(events)
    if messages is None and answer.text is None and answer.calls is None:
        return None
    last = last_message(events)
    return {
        "id": call,
        "time": time_of(events[0].time_ns),
        "until": time_of(last) if messages else None,
        "messages": messages,
        "output": answer.text,
        "tool_calls": answer.calls,
    }


def _parent(span: Span) -> str:
    return f"{span.trace_id}-{span.parent_id}" if span.parent_id else ""


def _request(span: Span) -> dict[str, Any]:
    attributes = span.attributes
    in_events = texts_of_events(span.events)
    answer = answer_of(attributes)
    if answer.text is None and answer.calls is None:
        answer = in_events.answer._replace(
            finish_reason=answer.finish_reason or in_events.answer.finish_reason
        )
    first_token = _first(attributes, names.FIRST_TOKEN_S)
    return _of_span(span) | {
        "model": _text(attributes, names.SERVED + names.REQUESTED),
        "user": _text(attributes, names.USER),
        "conversation": _text(attributes, names.CONVERSATION),
        "prompt_tokens": _number(attributes, names.PROMPT_TOKENS),
        "completion_tokens": _number(attributes, names.COMPLETION_TOKENS),
        "cached_tokens": _number(attributes, names.CACHED_TOKENS),
        "reasoning_tokens": _number(attributes, names.REASONING_TOKENS),
        "first_token_ms": first_token * 1000 if isinstance(first_token, int | float) else None,
        "cost_usd": _first(attributes, names.COST)
        if names.COST[0] in attributes
        else attributes.get(names.LITELLM_COST) or None,
        "finish_reason": (_reason(attributes) or answer.finish_reason)[:LONGEST_FINISH_REASON],
        "response_id": _text(attributes, names.RESPONSE_ID),
        "route": (_text(attributes, names.ROUTE) or span.service)[:LONGEST_NAME],
        "tags": _tags(attributes),
        "arm": _arm(span),
        "messages": messages_of(attributes) or in_events.messages,
        "output": answer.text,
        "tool_calls": answer.calls,
    }


def _mirrored(span: Span) -> dict[str, Any]:
    """Of a call that LiteLLM mirrored: `llm.PROVIDER.FIELD`, values as Python writes them."""
    values = {}
    provider = ""
    for name, value in span.attributes.items():
        if (parts := names.raw_field(name)) is not None:
            provider, of_call = parts
            values[of_call] = value
    usage = literal_of(values.get("usage"))
    usage = usage if isinstance(usage, dict) else {}
    answer = first_choice(literal_of(values.get("choices")))
    model = values.get("model")
    return _of_span(span) | {
        "model": f"{provider}/{model}" if model else "",
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
        "finish_reason": answer.finish_reason[:LONGEST_FINISH_REASON],
        "response_id": str(values.get("id") or ""),
        "mirror_of": span.trace_id,
        "messages": chat_messages(literal_of(values.get("messages"))),
        "output": answer.text,
        "tool_calls": answer.calls,
    }


def _of_span(span: Span) -> dict[str, Any]:
    """What every span says."""
    return {
        "id": _id(span),
        "time": time_of(span.start_ns),
        "latency_ms": (span.end_ns - span.start_ns) / 1e6 if span.end_ns else None,
        "error_type": _error(span)[:LONGEST_NAME],
        "trace_id": span.trace_id,
    }


def _error(span: Span) -> str:
    """The class of a failed span's error; "" where it didn't fail."""
    if named := _text(span.attributes, names.ERROR):
        return named
    if not span.failed:
        return ""
    raised = (_text(event.attributes, names.EXCEPTION) for event in span.events)
    return next(filter(None, raised), "error")


def _arm(span: Span) -> str:
    flags = [event.attributes for event in span.events if event.name.startswith("feature_flag")]
    variants = [_text(attributes, names.ARM) for attributes in (span.attributes, *flags)]
    return next(filter(None, variants), "")


def _reason(attributes: Attributes) -> str:
    """The first choice's; some send the list as JSON."""
    reasons = _first(attributes, names.FINISH_REASONS)
    if isinstance(reasons, str):
        return reasons.strip('[]" ').partition('"')[0]
    return str(reasons[0]) if isinstance(reasons, list) and reasons else ""


def _tags(attributes: Attributes) -> tuple[Any, ...]:
    tags = attributes.get(names.TAGS)
    return tuple(tags) if isinstance(tags, list) else ()


def _signal(attributes: Attributes, time_ns: int, trace_id: str, span_id: str) -> dict[str, Any]:
    """An evaluation: about a response, or else the span's call, or else the trace."""
    request = _text(attributes, names.RESPONSE_ID) or (f"{trace_id}-{span_id}" if span_id else "")
    name = _text(attributes, (names.SCORE_NAME,))
    value = attributes.get(names.SCORE_VALUE)
    label = _text(attributes, (names.SCORE_LABEL,))
    content = f"{request} {trace_id} {time_ns} {name} {value} {label}"
    kind = _text(attributes, (names.ANNOTATOR,))
    return {
        "id": sha256(content.encode(errors="replace")).hexdigest()[:32],
        "time": time_of(time_ns),
        "name": name,
        "value": value,
        "label": label,
        "by": _KINDS.get(kind.upper(), SignalBy.MODEL).value,
        "request": request,
        "trace_id": "" if request else trace_id,
        "text": _text(attributes, (names.EXPLANATION,)) or None,
    }


def _first(attributes: Mapping[str, Any], of: Iterable[str]) -> Any:
    """The value of the first of these names that there is."""
    for name in of:
        if (value := attributes.get(name)) is not None:
            return value
    return None


def _text(attributes: Attributes, of: Iterable[str]) -> str:
    """A scalar as text; what is a list is none."""
    value = _first(attributes, of)
    return str(value) if isinstance(value, str | int | float) else ""


def _number(attributes: Attributes, of: Iterable[str]) -> Any:
    """A count, which some send as a floating-point number."""
    value = _first(attributes, of)
    return int(value) if isinstance(value, float) and value.is_integer() else value

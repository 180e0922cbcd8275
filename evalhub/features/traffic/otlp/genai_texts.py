"""The texts of a model call, as chat messages, whichever way its span says them. Pure.

Only one way is read of those that a span has, so that no text is taken twice. What can't be read,
such as JSON that a limit on attributes has cut, is no text: the request counts without.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from evalhub.features.traffic.otlp.genai_names import (
    INPUT,
    INPUT_VALUE,
    INSTRUCTIONS,
    NUMBERED,
    OUTPUT,
    OUTPUT_VALUE,
)
from evalhub.features.traffic.otlp.telemetry import Attributes
from evalhub.io.tools import calls_of

LONGEST_LITERAL = 1_000_000
"""Characters of a text that is read as Python's, as LiteLLM writes them."""
_FIELDS = frozenset({"role", "content", "tool_call_id"})
_CALLS = "tool_calls."
UNREADABLE = (
    *(ValueError, TypeError, KeyError, AttributeError),
    *(SyntaxError, MemoryError, RecursionError),
)
"""What reading a text of any form may raise."""


class CallAnswer(NamedTuple):
    """What a model answered.

    Attributes:
        text: None: it has none.
        finish_reason: why it ended; "": nobody says.
        calls: the tools that it calls, as {name, arguments}; None: it calls none.
    """

    text: str | None = None
    finish_reason: str = ""
    calls: tuple[dict[str, Any], ...] | None = None


def messages_of(attributes: Attributes) -> tuple[dict[str, Any], ...] | None:
    """What the model was sent, as {role, content} and tool calls as in OpenAI's protocol."""
    try:
        if INPUT in attributes or INSTRUCTIONS in attributes:
            parts = _value(attributes.get(INSTRUCTIONS)) or ()
            system = [{"role": "system", "parts": parts}] if parts else []
            messages = [*system, *(_value(attributes.get(INPUT)) or ())]
            return tuple(chat for message in messages for chat in _chats(message)) or None
        for request, _, between in NUMBERED:
            if numbered := _numbered(attributes, request, between):
                return tuple(numbered)
        return _plain_messages(attributes.get(INPUT_VALUE))
    except UNREADABLE:
        return None


def answer_of(attributes: Attributes) -> CallAnswer:
    """The first answer of several; an empty one where there is none that can be read."""
    try:
        if OUTPUT in attributes:
            answers = _value(attributes[OUTPUT])
            return _answer_of_parts(answers[0]) if answers else CallAnswer()
        for _, start, between in NUMBERED:
            for message in _numbered(attributes, start, between):
                return CallAnswer(message["content"], calls=_calls(message.get("tool_calls")))
        return _plain_answer(attributes.get(OUTPUT_VALUE))
    except UNREADABLE:
        return CallAnswer()


def literal_of(text: Any) -> Any:
    """The value of a text that Python's `repr` wrote; None for any other."""
    if not isinstance(text, str) or len(text) > LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(text)
    except UNREADABLE:
        return None


def chat_messages(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Messages that are OpenAI's already; None for what is no list of them."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return None
    return tuple(value) or None


def first_choice(value: Any) -> CallAnswer:
    """The first of OpenAI's `choices`. Of a call that can't be read nothing is an answer."""
    choice = value[0] if isinstance(value, list) and value else None
    if not isinstance(choice, dict):
        return CallAnswer()
    reason = str(choice.get("finish_reason") or "")
    message = choice.get("message")
    if not isinstance(message, dict):
        message = {"content": choice.get("text")}
    content = message.get("content")
    try:
        calls = _calls(message.get("tool_calls"))
    except ValueError:
        return CallAnswer(finish_reason=reason)
    return CallAnswer(_text_of(content), reason, calls)


def _text_of(content: Any) -> str | None:
    """A text, or the parts of a list that are one, together."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else None
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str)) or None


def _value(value: Any) -> Any:
    """A list that stands there as it is, or as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _chats(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The chat messages of a GenAI message: one, or one for each result of a tool."""
    parts = message.get("parts")
    if parts is None:
        yield {"role": message["role"], "content": message.get("content")}
        return
    results = [part for part in parts if part["type"] == "tool_call_response"]
    for result in results:
        content = result.get("response", result.get("result"))
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        yield {"role": "tool", "tool_call_id": str(result.get("id") or ""), "content": text}
    if len(results) == len(parts) and results:
        return
    calls = [_call(part) for part in parts if part["type"] == "tool_call"]
    chat = {"role": message["role"], "content": _content(parts)}
    yield chat | ({"tool_calls": calls} if calls else {})


def _call(part: Mapping[str, Any]) -> dict[str, Any]:
    arguments = part.get("arguments")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    function = {"name": str(part["name"]), "arguments": text}
    return {"id": str(part.get("id") or ""), "type": "function", "function": function}


def _calls(raw: Any) -> tuple[dict[str, Any], ...] | None:
    """Raises ValueError as `calls_of`."""
    calls = calls_of(raw)
    return tuple(calls) if calls else None


def _content(parts: Iterable[Mapping[str, Any]]) -> Any:
    """One text as it is; several, and what is no text, as a list. Of the latter only the kind."""
    contents = [
        {"type": "text", "text": part["content"]}
        if part["type"] == "text"
        else {"type": str(part.get("modality") or part["type"])}
        for part in parts
        if part["type"] not in ("tool_call", "tool_call_response", "reasoning")
    ]
    if len(contents) == 1 and "text" in contents[0]:
        return contents[0]["text"]
    return contents or None


def _answer_of_parts(message: Mapping[str, Any]) -> CallAnswer:
    parts = message.get("parts") or ()
    texts = [part["content"] for part in parts if part["type"] == "text"]
    calls = _calls([part for part in parts if part["type"] == "tool_call"])
    reason = str(message.get("finish_reason") or "")
    return CallAnswer("".join(texts) if texts else None, reason, calls)


def _numbered(attributes: Attributes, start: str, between: str) -> list[dict[str, Any]]:
    """Messages whose fields are attributes of their own: START.NUMBER.FIELD, and of a call
    START.NUMBER.tool_calls.NUMBER.FIELD."""
    messages: dict[int, dict[str, Any]] = defaultdict(lambda: {"role": "", "content": None})
    calls: dict[int, dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for name, value in attributes.items():
        if not name.startswith(start):
            continue
        number, _, field = name.removeprefix(start).partition(".")
        field = field.removeprefix(between)
        call, _, of_call = field.removeprefix(_CALLS).partition(".")
        if not number.isdecimal():
            continue
        if field in _FIELDS:
            messages[int(number[:6])][field] = value
        elif field.startswith(_CALLS) and call.isdecimal():
            calls[int(number[:6])][int(call[:6])][of_call.rpartition(".")[2]] = value
    for place, of_message in calls.items():
        messages[place]["tool_calls"] = [_call(of_message[n]) for n in sorted(of_message)]
    return [messages[place] for place in sorted(messages)]


def _plain_messages(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Of OpenInference's `input.value`: a request's JSON, or the prompt."""
    if not isinstance(value, str):
        return None
    document = _document(value)
    messages = chat_messages(document.get("messages")) if document else None
    return messages or ({"role": "user", "content": value},)


def _plain_answer(value: Any) -> CallAnswer:
    if not isinstance(value, str):
        return CallAnswer()
    document = _document(value) or {}
    return first_choice(document["choices"]) if "choices" in document else CallAnswer(value)


def _document(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

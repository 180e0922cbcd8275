"""The texts of a model call, as chat messages, whichever way its span says them. Pure.

Only one way is read of those that a span has, so that no text is taken twice. What can't be read,
such as JSON that a limit on attributes has cut, is no text: the request counts without.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evalhub.features.traffic.otlp.genai_names import (
    INPUT,
    INPUT_VALUE,
    INSTRUCTIONS,
    NUMBERED,
    OUTPUT,
    OUTPUT_VALUE,
)
from evalhub.features.traffic.otlp.telemetry import Attributes

LONGEST_LITERAL = 1_000_000
"""Characters of a text that is read as Python's, as LiteLLM writes them."""
_UNREADABLE = (
    *(ValueError, TypeError, KeyError, AttributeError),
    *(SyntaxError, MemoryError, RecursionError),
)


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
    except _UNREADABLE:
        return None


def answer_of(attributes: Attributes) -> tuple[str | None, str]:
    """(text, finish reason) of the answer: None without a text, "" where no reason is said."""
    try:
        if OUTPUT in attributes:
            answers = _value(attributes[OUTPUT])
            answer = answers[0] if answers else {}
            return _joined(answer.get("parts") or ()), str(answer.get("finish_reason") or "")
        for _, answer, between in NUMBERED:
            for message in _numbered(attributes, answer, between):
                return message["content"], ""
        return _plain_answer(attributes.get(OUTPUT_VALUE)), ""
    except _UNREADABLE:
        return None, ""


def literal_of(text: Any) -> Any:
    """The value of a text that Python's `repr` wrote; None for any other."""
    if not isinstance(text, str) or len(text) > LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(text)
    except _UNREADABLE:
        return None


def chat_messages(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Messages that are OpenAI's already; None for what is no list of them."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return None
    return tuple(value) or None


def first_choice(value: Any) -> tuple[str | None, str]:
    """(text, finish reason) of the first of OpenAI's `choices`."""
    choice = value[0] if isinstance(value, list) and value else None
    if not isinstance(choice, dict):
        return None, ""
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else choice.get("text")
    return content if isinstance(content, str) else None, str(choice.get("finish_reason") or "")


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


def _joined(parts: Iterable[Mapping[str, Any]]) -> str | None:
    texts = [part["content"] for part in parts if part["type"] == "text"]
    return "".join(texts) if texts else None


def _numbered(attributes: Attributes, start: str, between: str) -> list[dict[str, Any]]:
    """Messages whose fields are attributes of their own: START.NUMBER.FIELD."""
    messages: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        if not name.startswith(start):
            continue
        number, _, field = name.removeprefix(start).partition(".")
        field = field.removeprefix(between)
        if number.isdecimal() and field in ("role", "content"):
            messages.setdefault(int(number[:6]), {"role": "", "content": None})[field] = value
    return [messages[number] for number in sorted(messages)]


def _plain_messages(value: Any) -> tuple[dict[str, Any], ...] | None:
    """Of OpenInference's `input.value`: a request's JSON, or the prompt."""
    if not isinstance(value, str):
        return None
    document = _document(value)
    messages = chat_messages(document.get("messages")) if document else None
    return messages or ({"role": "user", "content": value},)


def _plain_answer(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    document = _document(value)
    return first_choice(document["choices"])[0] if document and "choices" in document else value


def _document(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

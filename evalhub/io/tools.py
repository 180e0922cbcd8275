"""Tools that a model may call, and its calls, as OpenAI's protocol and files have them. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.io.json_values import JsonError, parse_json

MOST_CALLS = 128
"""Calls of one answer."""
LONGEST_NAME = 200


def calls_of(raw: Any) -> list[dict[str, Any]] | None:
    """Calls as {name, arguments}, out of a list of such or of OpenAI's {function: {…}}; None where
    there is none.

    The arguments are an object where they are one, also out of JSON text; another text stays what
    it is, and wrong. Raises ValueError for what is no list of calls.
    """
    if raw is None or raw == []:
        return None
    if not isinstance(raw, list):
        raise ValueError("calls are a list of {name, arguments}")
    if len(raw) > MOST_CALLS:
        raise ValueError(f"{len(raw)} tools are called at once, and at most {MOST_CALLS} are kept")
    return [_call(call) for call in raw]


def _call(call: Any) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(name, str) or not name:
        raise ValueError("a tool is called without a name")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a tool is called whose name has {len(name)} characters")
    return {"name": name, "arguments": _arguments(function.get("arguments"))}


def _arguments(raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw if isinstance(raw, dict) else {}
    if not raw.strip():
        return {}
    try:
        value = parse_json(raw)
    except JsonError:
        return raw
    return value if isinstance(value, dict) else raw


def tools_of(raw: Any) -> list[dict[str, Any]] | None:
    """Tools as OpenAI's protocol has them, {type: function, function: {name, …}}, out of such or of
    {name, description, parameters}; None where there is none.

    Raises ValueError for what is no list of tools, and for a name that is given twice.
    """
    if raw is None or raw == []:
        return None
    if not isinstance(raw, list) or len(raw) > MOST_CALLS:
        raise ValueError(f"tools are a list of at most {MOST_CALLS} {{name, description, …}}")
    tools = []
    names = set[str]()
    for tool in raw:
        function = tool.get("function", tool) if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str) or not name:
            raise ValueError("a tool has a name: {name, description, parameters}")
        if name in names:
            raise ValueError(f"two tools are called {name[:60]!r}")
        if not isinstance(function.get("parameters", {}), dict):
            raise ValueError(f"the parameters of {name[:60]!r} are no JSON Schema")
        names.add(name)
        tools.append({"type": "function", "function": function})
    return tools


def check_message(message: Mapping[str, Any]) -> None:
    """That a chat message is {role, content}; one of the assistant may have `tool_calls` besides,
    and then a null for a content, and one of a tool says whose call it answers.

    Raises ValueError, which says what would be right.
    """
    role, calls = message["role"], message.get("tool_calls")
    beside = {"assistant": {"tool_calls"}, "tool": {"tool_call_id", "name"}}.get(role, set())
    if extra := sorted(message.keys() - {"role", "content"} - beside):
        raise ValueError(f"a chat message is {{role, content}}, and this one has {extra[0]!r} too")
    if calls is not None:
        calls_of(calls)
    if message.get("content") is None and role != "assistant":
        raise ValueError("only a message of the assistant that calls tools has no content")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise ValueError("a tool's message says whose call it answers: tool_call_id")


def message_text(message: Mapping[str, Any]) -> str:
    """What a chat message says, with the tools that it calls, as a person reads it."""
    return with_calls(message.get("content") or "", calls_of(message.get("tool_calls")))


def call_text(call: Mapping[str, Any]) -> str:
    """A call in one line: `book(day="Monday")`; arguments that are no object as they came."""
    arguments = call["arguments"]
    if not isinstance(arguments, dict):
        return f"{call['name']}({arguments})"
    pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    return f"{call['name']}({', '.join(pairs)})"


def with_calls(text: str, calls: Sequence[Mapping[str, Any]] | None) -> str:
    """An answer's text and then its calls, a line each, as a person reads it."""
    return "\n".join([*([text] if text or not calls else []), *map(call_text, calls or ())])

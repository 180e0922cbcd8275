"""The messages of a chat as a trainer's template takes them, and what it stumbles over. Pure.

Both spellings that files have: OpenAI's and TRL's `role` and `content`, ShareGPT's `from` and
`value`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.features.data.rows.training_rows import TrainingMessage
from evalhub.io.tools import calls_of, with_calls

Flaws = list[tuple[str, str]]

_ROLES = {
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    # OpenAI's later name of a system prompt, and its earlier one of a tool's answer
    "developer": "system",
    "function": "tool",
}
_SHARE_GPT = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "function_response": "tool",
    "observation": "tool",
    **_ROLES,
}
_TEXT_PARTS = ("text", "input_text", "output_text", "refusal")
_FOLLOWS = {
    "": ("system", "user"),
    "system": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}
"""What may come after each role in the chat templates that check it, such as Mistral's, Gemma's and
Llama 2's; OpenAI's fine-tuning takes any order."""


class RowError(ValueError):
    """A row of which nothing can be read: its flaw's code and message, and the field."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        self.code, self.message, self.field = code, message, field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in order; `answer` is the place of the last one that a trainer learns to write, and
    `prompt` that of the user's last message before it; None without one."""

    messages: Sequence[TrainingMessage]
    prompt: int | None
    answer: int | None

    def text_at(self, place: int | None) -> str:
        return "" if place is None else self.messages[place].text

    @property
    def system(self) -> str:
        return "\n\n".join(each.text for each in self.messages if each.role == "system")


def list_in(value: Any, field: str, flaws: Flaws) -> list[Any]:
    """A list of messages, also out of JSON text, as CSV has it, which is a flaw: a trainer doesn't
    unpack it. Raises RowError for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
        flaws.append(("json-text", f"{field} is JSON inside a text, which trainers don't unpack"))
    if not isinstance(value, list):
        raise RowError("messages", "a list of messages [{role, content}, …] was expected", field)
    return value


def read_conversation(raw: Sequence[Any], field: str, flaws: Flaws) -> Conversation:
    """The messages of a list, whose flaws are added to `flaws`.

    Raises RowError where it holds no message at all, or something else than messages.
    """
    if not raw:
        raise RowError("messages", "the list of messages is empty", field)
    messages: list[TrainingMessage] = []
    learnt: list[int] = []
    for place, entry in enumerate(raw):
        if not isinstance(entry, dict):
            raise RowError(
                "messages",
                "a message is {role, content} or {from, value}, and this one is "
                f"{json.dumps(entry, ensure_ascii=False)[:60]}",
                f"{field}[{place}]",
            )
        message = _read_message(entry, f"{field}[{place}]", flaws)
        if message.role == "assistant" and _is_learnt(entry.get("weight"), flaws):
            learnt.append(place)
        messages.append(message)
    answer = learnt[-1] if learnt else None
    users = [place for place, each in enumerate(messages) if each.role == "user"]
    prompt = next((place for place in reversed(users) if answer is None or place < answer), None)
    return Conversation(messages, prompt, answer)


def check_order(conversation: Conversation, flaws: Flaws) -> None:
    """Adds what is wrong with the order of the roles, and with what is missing or empty."""
    messages = conversation.messages
    before = ""
    for message in messages:
        role = message.role
        if role == "system" and before:
            flaws.append(("system-not-first", f"a system message follows one of the {before}"))
        elif before in _FOLLOWS and role in _FOLLOWS and role not in _FOLLOWS[before]:
            at = f"follows one of the {before}" if before else "is the first"
            flaws.append(("order", f"a message of the {role} {at}"))
        before = role
    if messages[-1].role != "assistant":
        flaws.append(("last-role", f"the last message is the {messages[-1].role}'s"))
    if not any(message.role == "assistant" for message in messages):
        flaws.append(("no-answer", "no message is the assistant's"))
    elif conversation.answer is None:
        flaws.append(("nothing-learnt", "every message of the assistant has the weight 0"))
    elif not conversation.text_at(conversation.answer).strip():
        flaws.append(("empty-answer", "the last message of the assistant is empty"))
    if conversation.prompt is None:
        flaws.append(("no-prompt", "no message of the user comes before the answer"))
    elif not conversation.text_at(conversation.prompt).strip():
        flaws.append(("empty-prompt", "the last message of the user is empty"))


def _read_message(entry: Mapping[str, Any], field: str, flaws: Flaws) -> TrainingMessage:
    if "role" in entry:
        raw_role, content, roles = entry["role"], entry.get("content"), _ROLES
    elif "from" in entry:
        raw_role, content, roles = entry["from"], entry.get("value"), _SHARE_GPT
    else:
        names = ", ".join(map(str, entry)) or "no fields"
        raise RowError(
            "messages", f"a message has a role and content, and this one has {names}", field
        )
    role = roles.get(raw_role) if isinstance(raw_role, str) else None
    if role is None:
        flaws.append(("role", f"{json.dumps(raw_role, ensure_ascii=False)[:60]} is no known role"))
        role = str(raw_role)[:60]
    text = content if isinstance(content, str) else _text_in(content, flaws)
    calls = entry.get("tool_calls") or entry.get("function_call")
    if calls:
        try:
            text = with_calls(text, calls_of(calls if isinstance(calls, list) else [calls]))
        except ValueError as error:
            flaws.append(("tool-calls", str(error)))
    elif content is None and role != "assistant":
        flaws.append(("content", f"a message of the {role} has no content"))
    return TrainingMessage(role, text)


def _text_in(content: Any, flaws: Flaws) -> str:
    """The text of content parts, or of a null; what else there is is a flaw."""
    if content is None:
        return ""
    if not isinstance(content, list):
        flaws.append(("content", f"content is a text, not {json.dumps(content)[:60]}"))
        return ""
    texts = []
    for part in content:
        kind = part.get("type", "text") if isinstance(part, dict) else None
        text = part if isinstance(part, str) else None
        if kind in _TEXT_PARTS:
            text = part.get("refusal" if kind == "refusal" else "text")
        if isinstance(text, str):
            texts.append(text)
        else:
            flaws.append(("content", f"a part of the content is no text: {kind or 'unknown'}"))
    return "\n".join(texts)


def _is_learnt(weight: Any, flaws: Flaws) -> bool:
    """Whether a message of the assistant counts: OpenAI's `weight` is 0 or 1."""
    if weight is None:
        return True
    if isinstance(weight, bool) or weight not in (0, 1):
        flaws.append(("weight", f"a weight is 0 or 1, not {json.dumps(weight)[:20]}"))
        return True
    return bool(weight)

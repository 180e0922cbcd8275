"""A row's fields as a training row, by the layouts that trainers read. Pure.

OpenAI's chats and preferences; TRL's text, messages, prompt with completion and preference, as
texts, as lists of messages and with the prompt inside both answers; Alpaca's instructions;
ShareGPT's conversations.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from evalhub.declare.data_report import Layout
from evalhub.features.data.rows.messages import (
    Conversation,
    Flaws,
    RowError,
    check_order,
    list_in,
    read_conversation,
)
from evalhub.features.data.rows.training_rows import TrainingMessage, TrainingRow

KNOWN = (
    "messages [{role, content}]; conversations [{from, value}]; prompt and completion; "
    "instruction, input and output; text; prompt, chosen and rejected"
)

Values = Mapping[str, Any]


class LaidOutRow(NamedTuple):
    """A row, and the fields by whose names its layout was known: `messages`, or `prompt and
    completion`."""

    names: str
    row: TrainingRow


def training_row(line: int, values: Values) -> LaidOutRow:
    """The row as a trainer reads it, with its flaws. Raises RowError where nothing can be read."""
    for is_present in (_has_values, _has_names):
        for names, layout, own, read in _LAYOUTS:
            if is_present(values, names):
                flaws: Flaws = []
                parts = read(values, flaws)
                rest = {
                    name: value
                    for name, value in values.items()
                    if name not in own and value is not None
                }
                row = TrainingRow(line, layout, *parts, rest, tuple(flaws))
                return LaidOutRow(" and ".join(names), row)
    present = ", ".join(values)[:200] or "no fields"
    raise RowError("layout", f"no trainer reads a row that has {present}; right would be {KNOWN}")


Parts = tuple[str, str, str, str | None, Sequence[TrainingMessage]]
"""system, prompt, answer, rejected, messages"""


def _has_values(values: Values, names: Sequence[str]) -> bool:
    return all(values.get(name) is not None for name in names)


def _has_names(values: Values, names: Sequence[str]) -> bool:
    return all(name in values for name in names)


def _read_chat(field: str) -> Callable[[Values, Flaws], Parts]:
    def read(values: Values, flaws: Flaws) -> Parts:
        conversation = read_conversation(list_in(values[field], field, flaws), field, flaws)
        system = conversation.system
        if not system and isinstance(values.get("system"), str) and field == "conversations":
            system = values["system"]
        check_order(conversation, flaws)
        return _parts(conversation, system=system)

    return read


def _parts(conversation: Conversation, *, system: str, rejected: str | None = None) -> Parts:
    prompt, answer = (
        conversation.text_at(conversation.prompt),
        conversation.text_at(conversation.answer),
    )
    return system, prompt, answer, rejected, conversation.messages


def _read_prompt_completion(values: Values, flaws: Flaws) -> Parts:
    prompt, completion = values["prompt"], values["completion"]
    if isinstance(prompt, list) or isinstance(completion, list):
        raw = [
            *_messages_in(prompt, "prompt", "user", flaws),
            *_messages_in(completion, "completion", "assistant", flaws),
        ]
        conversation = read_conversation(raw, "prompt", flaws)
        check_order(conversation, flaws)
        return _parts(conversation, system=conversation.system)
    return _turn("", _text(values, "prompt", flaws), _text(values, "completion", flaws), flaws)


def _read_instruction(values: Values, flaws: Flaws) -> Parts:
    instruction = _text(values, "instruction", flaws)
    context = _text(values, "input", flaws) if values.get("input") is not None else ""
    system = _text(values, "system", flaws) if values.get("system") is not None else ""
    prompt = f"{instruction}\n\n{context}" if context.strip() else instruction
    return _turn(system, prompt, _text(values, "output", flaws), flaws)


def _read_text(values: Values, flaws: Flaws) -> Parts:
    text = _text(values, "text", flaws)
    if not text.strip():
        flaws.append(("empty-answer", "the text is empty"))
    return "", "", text, None, (TrainingMessage("assistant", text),)


def _read_openai_preference(values: Values, flaws: Flaws) -> Parts:
    before = values["input"]
    if not isinstance(before, dict) or not isinstance(before.get("messages"), list):
        raise RowError("messages", "an object {messages: […]} was expected", "input")
    return _preference(
        before["messages"],
        list_in(values["preferred_output"], "preferred_output", flaws),
        list_in(values["non_preferred_output"], "non_preferred_output", flaws),
        flaws,
    )


def _read_preference(values: Values, flaws: Flaws) -> Parts:
    prompt, chosen, rejected = values.get("prompt"), values["chosen"], values["rejected"]
    if isinstance(chosen, list) or isinstance(rejected, list):
        chosen = _messages_in(chosen, "chosen", "assistant", flaws)
        rejected = _messages_in(rejected, "rejected", "assistant", flaws)
        if prompt is None:
            shared = _shared_start(chosen, rejected)
            return _preference(chosen[:shared], chosen[shared:], rejected[shared:], flaws)
        return _preference(_messages_in(prompt, "prompt", "user", flaws), chosen, rejected, flaws)
    chosen, rejected = _text(values, "chosen", flaws), _text(values, "rejected", flaws)
    if prompt is None:
        start = _shared_text(chosen, rejected)
        prompt, chosen, rejected = start, chosen[len(start) :], rejected[len(start) :]
    elif isinstance(prompt, list):
        raw = [*prompt, {"role": "assistant", "content": chosen}]
        conversation = read_conversation(raw, "prompt", flaws)
        check_order(conversation, flaws)
        return _parts(conversation, system=conversation.system, rejected=rejected)
    else:
        prompt = _text(values, "prompt", flaws)
    if not rejected.strip():
        flaws.append(("empty-answer", "the rejected answer is empty"))
    system, prompt, answer, _, messages = _turn("", prompt, chosen, flaws)
    return system, prompt, answer, rejected, messages


def _preference(
    before: Sequence[Any], chosen: Sequence[Any], rejected: Sequence[Any], flaws: Flaws
) -> Parts:
    conversation = read_conversation([*before, *chosen], "chosen", flaws)
    check_order(conversation, flaws)
    other = read_conversation([*before, *rejected], "rejected", [])
    text = other.text_at(other.answer)
    if not text.strip() or other.answer is None or other.answer < len(before):
        flaws.append(("empty-answer", "the rejected answer is empty"))
    return _parts(conversation, system=conversation.system, rejected=text)


def _shared_start(chosen: Sequence[Any], rejected: Sequence[Any]) -> int:
    """How many messages both begin with, the last one of the shorter left out: an answer is
    left to each, as TRL's extract_prompt has it."""
    shared = 0
    most = min(len(chosen), len(rejected)) - 1
    while shared < most and chosen[shared] == rejected[shared]:
        shared += 1
    return shared


def _shared_text(chosen: str, rejected: str) -> str:
    """The beginning that both texts share, without a space at its end, as TRL's extract_prompt has
    it."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))
    start = chosen[: sum(1 for _ in pairs)]
    return start[:-1] if start.endswith(" ") else start


def _messages_in(value: Any, field: str, role: str, flaws: Flaws) -> list[Any]:
    """A list of messages; a text is one message of this role."""
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    return list_in(value, field, flaws)


def _turn(system: str, prompt: str, answer: str, flaws: Flaws) -> Parts:
    if not prompt.strip():
        flaws.append(("empty-prompt", "the prompt is empty"))
    if not answer.strip():
        flaws.append(("empty-answer", "the answer is empty"))
    first = (TrainingMessage("system", system),) if system else ()
    messages = (*first, TrainingMessage("user", prompt), TrainingMessage("assistant", answer))
    return system, prompt, answer, None, messages


def _text(values: Values, field: str, flaws: Flaws) -> str:
    value = values.get(field)
    if isinstance(value, str):
        return value
    if value is not None:
        flaws.append(("content", f"{field} is a {type(value).__name__} and not a text"))
    return ""


_LAYOUTS: tuple[
    tuple[tuple[str, ...], Layout, frozenset[str], Callable[[Values, Flaws], Parts]], ...
] = (
    (
        ("input", "preferred_output", "non_preferred_output"),
        "preference",
        frozenset({"input", "preferred_output", "non_preferred_output"}),
        _read_openai_preference,
    ),
    (
        ("chosen", "rejected"),
        "preference",
        frozenset({"prompt", "chosen", "rejected"}),
        _read_preference,
    ),
    (("messages",), "chat", frozenset({"messages"}), _read_chat("messages")),
    (
        ("conversations",),
        "chat",
        frozenset({"conversations", "system"}),
        _read_chat("conversations"),
    ),
    (
        ("prompt", "completion"),
        "prompt-completion",
        frozenset({"prompt", "completion"}),
        _read_prompt_completion,
    ),
    (
        ("instruction", "output"),
        "instruction",
        frozenset({"instruction", "input", "output", "system"}),
        _read_instruction,
    ),
    (("text",), "text", frozenset({"text"}), _read_text),
)
"""Fields that a row must have, its layout, all fields of that layout, and how it is read. The first
that fits is taken: a row may hold `text` beside its messages."""

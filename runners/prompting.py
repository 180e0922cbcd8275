"""What is sent to a model: an item's input under a version's prompt. Pure."""

from collections.abc import Sequence
from typing import Any

from evalhub.declare.prompt import Prompt

Message = dict[str, Any]


class PromptError(ValueError):
    """An input that a prompt can't be used on."""


def chat(prompt: Prompt, given: str | Sequence[Message], context: str) -> list[Message]:
    """The messages for a chat API: system, the examples as turns, then the item's own.

    In an input of several messages the template is put around the last one of the user, and a
    system message of the item's follows the prompt's within one message.
    """
    turns = [{"role": "user", "content": given}] if isinstance(given, str) else list(given)
    own = [turn["content"] for turn in turns if turn["role"] == "system"]
    turns = [turn for turn in turns if turn["role"] != "system"]
    users = [index for index, turn in enumerate(turns) if turn["role"] == "user"]
    if not users:
        raise PromptError("the input holds no message of the user")
    last = turns[users[-1]]
    turns[users[-1]] = {**last, "content": _around(prompt, last["content"], context)}
    system = "\n\n".join(part for part in [prompt.system, *own] if part)
    shown: list[Message] = []
    for example in prompt.examples:
        asked = prompt.around(example.input, example.context or "")
        shown.append({"role": "user", "content": asked})
        shown.append({"role": "assistant", "content": example.output})
    return [*([{"role": "system", "content": system}] if system else []), *shown, *turns]


def question_of(given: Any) -> str:
    """What an item's input asks, without a prompt: its text, or its last message of the user.

    "" where it is neither.
    """
    if isinstance(given, str):
        return given
    turns = [turn for turn in given if isinstance(turn, dict)] if isinstance(given, list) else []
    said = [turn.get("content") for turn in turns if turn.get("role") == "user"]
    return said[-1] if said and isinstance(said[-1], str) else ""


def completion(prompt: Prompt, given: str | Sequence[Message], context: str) -> str:
    """The text for a completion API: system, the examples with their outputs, then the input.

    The parts stand a blank line apart; an output follows its input after a space, unless the
    template ends in white space. Raises PromptError for an input of chat messages.
    """
    if not isinstance(given, str):
        raise PromptError("the input is chat messages, which a completion API doesn't take")
    parts = [prompt.system] if prompt.system else []
    for example in prompt.examples:
        asked = prompt.around(example.input, example.context or "")
        gap = "" if asked[-1:].isspace() else " "
        parts.append(f"{asked}{gap}{example.output}")
    return "\n\n".join([*parts, prompt.around(given, context)])


def _around(prompt: Prompt, given: Any, context: str) -> str:
    if not isinstance(given, str):
        raise PromptError("the content of the user's message is not text")
    return prompt.around(given, context)

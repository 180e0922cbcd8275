"""What is sent to a model: an item's input under a version's prompt. Pure."""

from collections.abc import Sequence
from typing import Any

from evalhub.declare.prompt import Prompt

Message = dict[str, Any]


class PromptError(ValueError):
    """An input that a prompt can't be used on."""


def chat(prompt: Prompt, item_input: str | Sequence[Message], context: str) -> list[Message]:
    """The messages for a chat API: system, the examples as turns, then the item's own.

    In an input of several messages the template is put around the last one of the user, and a
    system message of the item's follows the prompt's within one message.
    """
    turns = (
        [{"role": "user", "content": item_input}]
        if isinstance(item_input, str)
        else list(item_input)
    )
    own = [turn["content"] for turn in turns if turn["role"] == "system"]
    turns = [turn for turn in turns if turn["role"] != "system"]
    users = [index for index, turn in enumerate(turns) if turn["role"] == "user"]
    if not users:
        raise PromptError("the input holds no message of the user")
    last = turns[users[-1]]
    turns[users[-1]] = {**last, "content": _around(prompt, last["content"], context)}
    system = "\n\n".join(part for part in [prompt.system, *own] if part)
    example_turns: list[Message] = []
    for example in prompt.examples:
        example_input = prompt.around(example.input, example.context or "")
        example_turns.append({"role": "user", "content": example_input})
        example_turns.append({"role": "assistant", "content": example.output})
    return [*([{"role": "system", "content": system}] if system else []), *example_turns, *turns]


def question_of(item_input: Any) -> str:
    """What an item's input asks, without a prompt: its text, or its last message of the user.

    "" where it is neither.
    """
    if isinstance(item_input, str):
        return item_input
    turns = (
        [turn for turn in item_input if isinstance(turn, dict)]
        if isinstance(item_input, list)
        else []
    )
    contents = [turn.get("content") for turn in turns if turn.get("role") == "user"]
    return contents[-1] if contents and isinstance(contents[-1], str) else ""


def completion(prompt: Prompt, item_input: str | Sequence[Message], context: str) -> str:
    """The text for a completion API: system, the examples with their outputs, then the input.

    The parts stand a blank line apart; an output follows its input after a space, unless the
    template ends in white space. Raises PromptError for an input of chat messages.
    """
    if not isinstance(item_input, str):
        raise PromptError("the input is chat messages, which a completion API doesn't take")
    parts = [prompt.system] if prompt.system else []
    for example in prompt.examples:
        example_input = prompt.around(example.input, example.context or "")
        gap = "" if example_input[-1:].isspace() else " "
        parts.append(f"{example_input}{gap}{example.output}")
    return "\n\n".join([*parts, prompt.around(item_input, context)])


def _around(prompt: Prompt, item_input: Any, context: str) -> str:
    if not isinstance(item_input, str):
        raise PromptError("the content of the user's message is not text")
    return prompt.around(item_input, context)

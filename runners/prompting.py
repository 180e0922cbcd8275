"""What is sent to a model: an item's input under a version's prompt. Pure.

A prompt is {"system": text, "examples": [{"input", "output", "context"?}], "template": text}, all
of it optional. The template is put around every input, those of the examples too, and knows
{input} and {context}; a doubled {{word}} stands for {word} itself, and any other brace for itself.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, Any]

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")
_KNOWN = ("input", "context")


class PromptError(ValueError):
    """A prompt that can't be used, or an input that it can't be used on."""


def check_prompt(prompt: Mapping[str, Any]) -> None:
    """Raises PromptError, naming the field and what would be right."""
    _only(prompt, ("system", "examples", "template"), "prompt")
    for name in ("system", "template"):
        if not isinstance(prompt.get(name, ""), str):
            raise PromptError(f"prompt, field '{name}': must be text")
    if misplaced := [name for name in placeholders(prompt.get("system", "")) if name in _KNOWN]:
        raise PromptError(
            f"prompt, field 'system': {{{misplaced[0]}}} is filled in only in the template"
        )
    if "template" in prompt:
        found = placeholders(prompt["template"])
        if unknown := [name for name in found if name not in _KNOWN]:
            raise PromptError(
                f"prompt, field 'template': there is no {{{unknown[0]}}}, only {{input}} and "
                f"{{context}}; write {{{{{unknown[0]}}}}} to say {{{unknown[0]}}} itself"
            )
        if "input" not in found:
            raise PromptError("prompt, field 'template': must hold {input}")
    examples = prompt.get("examples", [])
    if not isinstance(examples, Sequence) or isinstance(examples, str):
        raise PromptError("prompt, field 'examples': must be a list of {input, output}")
    for index, example in enumerate(examples):
        _check_example(example, f"prompt, field 'examples[{index}]'", "context" in _used(prompt))


def chat(prompt: Mapping[str, Any], given: str | Sequence[Message], context: str) -> list[Message]:
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
    system = "\n\n".join(part for part in [prompt.get("system", ""), *own] if part)
    shown: list[Message] = []
    for example in prompt.get("examples", []):
        asked = _around(prompt, example["input"], example.get("context", ""))
        shown.append({"role": "user", "content": asked})
        shown.append({"role": "assistant", "content": example["output"]})
    return [*([{"role": "system", "content": system}] if system else []), *shown, *turns]


def completion(prompt: Mapping[str, Any], given: str | Sequence[Message], context: str) -> str:
    """The text for a completion API: system, the examples with their outputs, then the input.

    The parts stand a blank line apart; an output follows its input after a space, unless the
    template ends in white space. Raises PromptError for an input of chat messages.
    """
    if not isinstance(given, str):
        raise PromptError("the input is chat messages, which a completion API doesn't take")
    parts = [prompt["system"]] if prompt.get("system") else []
    for example in prompt.get("examples", []):
        asked = _around(prompt, example["input"], example.get("context", ""))
        gap = "" if asked[-1:].isspace() else " "
        parts.append(f"{asked}{gap}{example['output']}")
    return "\n\n".join([*parts, _around(prompt, given, context)])


def needs_context(prompt: Mapping[str, Any]) -> bool:
    """Whether the template asks for the item's context."""
    return "context" in _used(prompt)


def placeholders(template: str) -> list[str]:
    """The names in single braces, in their order."""
    return [found[2] for found in _PLACEHOLDER.finditer(template) if found[2]]


def _used(prompt: Mapping[str, Any]) -> list[str]:
    return placeholders(prompt.get("template", "{input}"))


def _around(prompt: Mapping[str, Any], given: Any, context: str) -> str:
    if not isinstance(given, str):
        raise PromptError("the content of the user's message is not text")
    values = {"input": given, "context": context}

    def fill(found: re.Match[str]) -> str:
        return f"{{{found[1]}}}" if found[1] else values[found[2]]

    return _PLACEHOLDER.sub(fill, prompt.get("template", "{input}"))


def _check_example(example: Any, where: str, with_context: bool) -> None:
    if not isinstance(example, Mapping):
        raise PromptError(f"{where}: must be {{input, output}}")
    _only(example, ("input", "output", "context"), where)
    for name in ("input", "output", *(["context"] if with_context else [])):
        if not isinstance(example.get(name), str):
            raise PromptError(f"{where}, field '{name}': must be there and be text")


def _only(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    if unknown := [name for name in given if name not in known]:
        raise PromptError(
            f"{where}, field '{unknown[0]}': isn't known here; known are {', '.join(known)}"
        )

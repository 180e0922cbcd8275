"""What a model's message says: its answer, what it thought first, and the tools it calls. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.io.json_values import parse_json
from evalhub.io.tools import calls_of

_OPENS = re.compile(r"\s*<(think|thinking)>")
_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SplitMessage:
    """A message in its parts; `text` is None where it holds no answer, not even an empty one.

    `calls` is a list of {name, arguments}, the arguments an object where they are one, else the
    text that they came as; None where no tool is called.
    """

    text: str | None
    reasoning: str = ""
    calls: list[dict[str, Any]] | None = None

    @property
    def parts(self) -> str:
        """All texts of the message as one, to search for the key in."""
        return "\n".join([self.text or "", self.reasoning, *_texts(self.calls)])


def message_of(choice: Mapping[str, Any]) -> SplitMessage:
    """A choice of a chat or a completion API's response.

    Raises ValueError for calls that nobody could make.
    """
    message = choice.get("message")
    if not isinstance(message, dict):
        return _apart(choice.get("text"))
    calls = calls_of(message.get("tool_calls"))
    content = _apart(message.get("content"))
    # A model that calls a tool has answered, whatever it says beside.
    text = "" if content.text is None and calls else content.text
    thought = next(
        (
            reasoning
            for name in ("reasoning_content", "reasoning")
            if isinstance(reasoning := message.get(name), str) and reasoning
        ),
        "",
    )
    both = "\n\n".join(part for part in (thought, content.reasoning) if part)
    return SplitMessage(text, both, calls)


def split_reasoning(text: str) -> tuple[str, str]:
    """What a text says, and what was thought first: between <think> and </think> at its start.

    Where the prompt opened it already, up to </think>; where it isn't closed, all of the text.
    """
    opened = _OPENS.match(text)
    if opened is not None:
        thought, _, rest = text[opened.end() :].partition(f"</{opened[1]}>")
        return rest.lstrip(), thought.strip()
    thought, closed, rest = text.partition("</think>")
    if closed and "<think>" not in thought:
        return rest.lstrip(), thought.strip()
    return text, ""


def split_calls(text: str) -> tuple[str, list[dict[str, Any]] | None]:
    """What a text says, and the tools that it calls in the form of Hermes and Qwen: JSON of {name,
    arguments} between <tool_call> and </tool_call>.

    Where something else stands between them, all of it is text.
    """
    try:
        calls = calls_of([parse_json(call) for call in _CALL.findall(text)])
    except ValueError:
        return text, None
    return (text, None) if calls is None else (_CALL.sub("", text).strip(), calls)


def _apart(content: Any) -> SplitMessage:
    return (
        SplitMessage(*split_reasoning(content)) if isinstance(content, str) else SplitMessage(None)
    )


def _texts(value: Any) -> Iterator[str]:
    """The texts within a JSON value, names too; no deeper than JSON is read."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one

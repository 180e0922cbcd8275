"""Traits that an answer's text has or hasn't, and that may give away who wrote it. Pure.

Nothing is dropped over them, since dropping would bias: they are counted by arm and reported. Each
pattern takes time in proportion to the text, whatever the text is.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from evalhub.io.masking_tokens import TOKEN

VENDORS = (
    "ChatGPT", "GPT-3", "GPT-4", "GPT-5", "OpenAI", "Anthropic", "Claude", "Gemini", "DeepMind",
    "Llama", "Meta AI", "Mistral", "Mixtral", "Qwen", "Alibaba Cloud", "DeepSeek", "Copilot",
    "Bard", "Cohere", "Falcon LLM", "Vicuna", "Alpaca model", "Grok", "xAI", "Phi-3", "Gemma",
)  # fmt: skip

_NAMES_ITSELF = re.compile(
    r"\b(?:I am|I'm|I’m|my name is|this is|as) (?:an? )?(?:AI|language model|large language model|"
    r"artificial intelligence|chatbot|(?:virtual |AI )?assistant|" + "|".join(VENDORS) + r")\b",
    re.IGNORECASE,
)
_VENDOR = re.compile(r"\b(?:" + "|".join(map(re.escape, VENDORS)) + r")\b")
_TEMPLATE = re.compile(
    r"<\|[a-z_0-9]+\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
    r"|^###\s*(?:Instruction|Response|Input)\s*:|^(?:Human|Assistant|User)\s*:\s",
    re.MULTILINE,
)
_LIST = re.compile(r"^[^\S\n]*(?:[-*+•]|\d+[.)]) ", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*")
_TABLE = re.compile(r"^\|[^\n]*\|[^\S\n]*$", re.MULTILINE)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060]")
_ENDS = frozenset(".!?…:;)]}>\"'”’»`*|。！？）」")
_PARSED = 100_000  # characters of a text that is read as JSON, at most


def _is_truncated(text: str) -> bool:
    """Ends in the middle: a fence left open, or a long text without a closing mark."""
    last = text.rstrip()[-1:]
    closed = last in _ENDS or last.isdigit()
    return text.count("```") % 2 == 1 or (len(text) > 200 and not closed)


def _is_json(text: str) -> bool:
    """A JSON object or array, and nothing else. A very long one goes by its ends."""
    text = text.strip()
    if (text[:1], text[-1:]) not in (("{", "}"), ("[", "]")):
        return False
    try:
        return len(text) > _PARSED or bool(json.loads(text) is not None)
    except (ValueError, RecursionError):
        return False


def _is_markdown(text: str) -> bool:
    matches = (pattern.search(text) for pattern in (_HEADING, _LIST, _BOLD))
    return "```" in text or any(matches)


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait that a text has or hasn't; `is_visible` tells whether a reviewer could see it.

    `leaks`: it names a model outright, so a single one deserves a look.
    """

    key: str
    title: str
    has: Callable[[str], bool]
    is_visible: bool = True
    leaks: bool = False


TRAITS = (
    Trait("names-itself", "says what it is (“I’m Claude”, “as an AI”)",
          lambda text: bool(_NAMES_ITSELF.search(text)), leaks=True),
    Trait("vendor", "mentions a model or its maker",
          lambda text: bool(_VENDOR.search(text)), leaks=True),
    Trait("template", "has template or end-of-text tokens",
          lambda text: bool(_TEMPLATE.search(text)), leaks=True),
    Trait("truncated", "ends in the middle", _is_truncated),
    Trait("json", "is a JSON object or array", _is_json),
    Trait("markdown", "uses Markdown", _is_markdown),
    Trait("fence", "has a code fence", lambda text: "```" in text),
    Trait("heading", "has a heading", lambda text: bool(_HEADING.search(text))),
    Trait("list", "has a list", lambda text: bool(_LIST.search(text))),
    Trait("bold", "has bold words", lambda text: bool(_BOLD.search(text))),
    Trait("table", "has a table", lambda text: bool(_TABLE.search(text))),
    Trait("masked", "has a token in place of personal data ([mail-1])",
          lambda text: bool(TOKEN.search(text))),
    Trait("empty", "is empty", lambda text: not text.strip()),
    Trait("trailing", "ends in white space or a new line",
          lambda text: text != text.rstrip(), is_visible=False),
    Trait("leading", "begins with white space",
          lambda text: text != text.lstrip(), is_visible=False),
    Trait("crlf", "has Windows line ends", lambda text: "\r\n" in text, is_visible=False),
    Trait("bom", "has a byte order mark", lambda text: "\ufeff" in text, is_visible=False),
    Trait("invisible", "has invisible characters",
          lambda text: bool(_INVISIBLE.search(text)), is_visible=False),
)  # fmt: skip

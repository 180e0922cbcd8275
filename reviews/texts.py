"""How items and answers are displayed to reviewers: the same for both arms."""

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from evalhub.declare.review import Show
from evalhub.io.tools import message_text

LAID_OUT = 200_000
"""Characters of a JSON text, and of it with its indentation ten times as many, that are laid out:
deep nesting makes hundreds of megabytes of a few."""
USUAL = Show()
"""How answers are shown where a plan says nothing of it."""

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")
_HEADING = re.compile(r"^ {0,3}#{1,6} +")
_QUOTE = re.compile(r"^ {0,3}> ?")
_BULLET = re.compile(r"^( *)[-*+•] +")
_NUMBER = re.compile(r"^( *)(\d{1,9})[.)] +")
_RULE = re.compile(r" {0,3}(?:-{3,}|\*{3,}|_{3,})")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_CODE = re.compile(r"`([^`\n]+)`")
_BLANK = re.compile(r"\n{3,}")
_OUTSIDE_STRINGS = re.compile(r'("(?:\\.|[^"\\])*")|\s+')


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the request; `speaker` is empty for a plain text."""

    speaker: str
    text: str


def display_text(text: str, show: Show = USUAL) -> str:
    """An answer as a reviewer sees it.

    What a reader couldn't see but a page's source would give away (a byte order mark, CRLF,
    trailing white space, control characters) is taken out. A JSON object or array is indented
    where that changes nothing but white space; duplicate keys, a number that would be written
    differently, or a text too long for it (`LAID_OUT`) keep the text as it came. `show` may ask
    for more to be made alike.
    """
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "\n".join(line.rstrip() for line in text.split("\n")).strip()
    layout = _pretty(text) if show.json_ == "pretty" else _indent(text)
    if layout is not None:
        return layout
    return _without_marks(text) if show.markdown == "plain" else text


def _indent(text: str) -> str | None:
    if not text.startswith(("{", "[")) or len(text) > LAID_OUT:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if compact != _OUTSIDE_STRINGS.sub(lambda match: match[1] or "", text):
        return None
    return _laid_out(value)


def _laid_out(value: Any, *, in_order: bool = False) -> str | None:
    """The value indented, its keys as they came or in order; None where that is too long."""
    parts, length = [], 0
    for part in json.JSONEncoder(ensure_ascii=False, indent=2, sort_keys=in_order).iterencode(
        value
    ):
        parts.append(part)
        length += len(part)
        if length > 10 * LAID_OUT:
            return None
    return "".join(parts)


def _pretty(text: str) -> str | None:
    """A JSON object or array in the one layout; None for another text, and for JSON that would
    lose something: a key given twice, a number that has no such value here, what can't be seen."""
    lines = text.split("\n")
    if len(lines) > 2 and lines[0].lower() in ("```", "```json") and lines[-1] == "```":
        text = "\n".join(lines[1:-1]).strip()
    if not text.startswith(("{", "[")) or len(text) > LAID_OUT:
        return None
    try:
        value = json.loads(
            text, object_pairs_hook=_without_repeats, parse_float=_exactly, parse_constant=_exactly
        )
        layout = _laid_out(value, in_order=True)
        (layout or "").encode()  # half a surrogate pair can't be shown
    except (ValueError, RecursionError):
        return None
    return None if layout is None or _INVISIBLE.search(layout) else layout


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is given twice")
    return members


def _exactly(number: str) -> float:
    value = float(number)
    if not math.isfinite(value) or Decimal(number) != Decimal(repr(value)):
        raise ValueError("not a number that is written so")
    return value


def _without_marks(text: str) -> str:
    """Markdown's marks taken off, code but for its fences left as it is; the text as it came where
    nothing would be left."""
    kept_lines: list[str] = []
    code = False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            code = not code
        elif code:
            kept_lines.append(line)
        elif not _RULE.fullmatch(line):
            line = _QUOTE.sub("", _HEADING.sub("", line))
            line = _NUMBER.sub(r"\1\2. ", _BULLET.sub(r"\1- ", line))
            kept_lines.append(_CODE.sub(r"\1", _BOLD.sub(r"\1", line)).rstrip())
    return _BLANK.sub("\n\n", "\n".join(kept_lines)).strip() or text


def turns(request: Any) -> list[Turn]:
    """An item's input (a text, or chat messages {role, content}) as messages to read."""
    if isinstance(request, str):
        return [Turn("", request.strip())]
    return [Turn(message["role"], message_text(message).strip()) for message in request]

"""How an item and an answer are put before a person: the same way for both arms."""

import json
import re
from dataclasses import dataclass
from typing import Any

LAID_OUT = 200_000
"""Characters of a JSON text, and of it with its indentation ten times as many, that are laid out:
deep nesting makes hundreds of megabytes of a few."""

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")
_OUTSIDE_STRINGS = re.compile(r'("(?:\\.|[^"\\])*")|\s+')


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the request; `speaker` is empty for a plain text."""

    speaker: str
    text: str


def shown(text: str) -> str:
    """An answer as a reviewer sees it.

    What a reader couldn't see but a page's source would give away (a byte order mark, CRLF,
    trailing white space, control characters) is taken out. A JSON object or array is indented
    where that changes nothing but white space; duplicate keys, a number that would be written
    differently, or a text too long for it (`LAID_OUT`) keep the text as it came.
    """
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "\n".join(line.rstrip() for line in text.split("\n")).strip()
    if not text.startswith(("{", "[")) or len(text) > LAID_OUT:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if compact != _OUTSIDE_STRINGS.sub(lambda match: match[1] or "", text):
        return text
    return _laid_out(value) or text


def _laid_out(value: Any) -> str:
    """The value indented, or "" where that is too long."""
    parts, length = [], 0
    for part in json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > 10 * LAID_OUT:
            return ""
    return "".join(parts)


def turns(request: Any) -> list[Turn]:
    """An item's input (a text, or chat messages {role, content}) as messages to read."""
    if isinstance(request, str):
        return [Turn("", request.strip())]
    return [Turn(message["role"], str(message["content"]).strip()) for message in request]

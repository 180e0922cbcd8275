"""What an OpenAI-compatible server's responses say. Pure."""

import email.utils
import json
import re
from datetime import UTC, datetime
from typing import Any

from runners.backends.asking import Reply
from runners.backends.masking import Secret

COMPLAINT = 200
"""Characters of an error response that are repeated."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number of them, or a date (RFC 9110, 10.2.3).

    None where there is no header or it says neither.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        until = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def complaint(content: bytes, key: Secret) -> str:
    """What an error response says, in one line, shortened, and without the key.

    In one line, because some who read what is printed follow lines: `::command::` of GitHub.
    """
    said = content.decode("utf-8", "replace").strip()
    try:
        error = json.loads(said)["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    # Masked before it is cut: half a key is known by nothing.
    line = " ".join(key.masked(str(said))[:COMPLAINT].replace("\x00", "").split())
    return line or "no reason given"


def reply(content: bytes, latency_ms: float, key: Secret) -> Reply:
    """The answer in a response, or what is wrong with it."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        said = key.masked(content[:4000].decode("utf-8", "replace"))
        shown = said[:60].replace("\x00", "")
        return Reply(error=f"the response is malformed JSON: {shown!r}")
    choices = answer.get("choices") if isinstance(answer, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Reply(error="the response has no choices")
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    if not isinstance(text, str):
        why = choice.get("finish_reason") or "not given"
        return Reply(
            error=f"the response has no content (finish_reason: {key.masked(str(why))[:60]})"
        )
    if _UNSTORABLE.search(text):
        return Reply(error="the response holds a NUL character or half a surrogate pair")
    if key.given_away(text):
        return Reply(error="the answer holds the key that it was asked with, and isn't kept")
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Reply(
        text=text,
        latency_ms=latency_ms,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**31 else None

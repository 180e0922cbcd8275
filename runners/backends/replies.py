"""What an OpenAI-compatible server's responses say. Pure."""

import email.utils
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from runners.backends.asking import Paid, Reply
from runners.backends.masking import Secret
from runners.backends.said import said_in

COMPLAINT = 200
"""Characters of an error response that are repeated."""
FINISH_REASON = 40
"""Characters that are kept of why a model stopped."""
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


def replies(content: bytes, latency_ms: float, key: Secret) -> list[Reply]:
    """The answers in a response, one at least, or what is wrong with it.

    Tokens that a response counts for several answers together are told of each by the
    log-probabilities that it gives, else in equal parts.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        said = key.masked(content[:4000].decode("utf-8", "replace"))
        shown = said[:60].replace("\x00", "")
        return [Reply(error=f"the response is malformed JSON: {shown!r}")]
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return [Reply(error="the response has no choices")]
    prompt, completion, paid = tokens_told(answer)
    found = [
        _reply(
            choice if isinstance(choice, dict) else {},
            key,
            Reply(
                latency_ms=latency_ms,
                prompt_tokens=prompt,
                completion_tokens=None if completion is None else _share(completion, choices, at),
            ),
        )
        for at, choice in enumerate(choices)
    ]
    return found if paid is None else _with_what_was_paid(found, paid)


def tokens_told(answer: Mapping[str, Any]) -> tuple[int | None, int | None, Paid | None]:
    """The prompt's and the answers' tokens by a response's usage, and what was paid for; None where
    it doesn't say."""
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    prompt, completion = (_count(usage.get(f"{name}_tokens")) for name in ("prompt", "completion"))
    if prompt is None or completion is None:
        return prompt, completion, None
    return prompt, completion, Paid(prompt, completion, min(_cached(usage), prompt))


def _with_what_was_paid(found: list[Reply], paid: Paid) -> list[Reply]:
    """Where the answers' own tokens don't say it: of several, with a cache, or for an error."""
    if len(found) == 1 and found[0].text is not None and not paid.cached:
        return found
    first, *others = found
    return [replace(first, paid=paid), *(replace(each, paid=Paid(0, 0)) for each in others)]


def _cached(usage: Mapping[str, Any]) -> int:
    """Tokens of the prompt that the server had read before, which some sell for less."""
    details = usage.get("prompt_tokens_details")
    return (_count(details.get("cached_tokens")) or 0) if isinstance(details, dict) else 0


def _share(total: int, choices: Sequence[Any], at: int) -> int:
    """What of a count of tokens belongs to one of several choices; all of them make up the total,
    unless the choices say themselves how long they are."""
    if len(choices) > 1 and (said := [_logprobs(each) for each in choices]) and None not in said:
        return len(said[at] or ())
    return total // len(choices) + (at < total % len(choices))


def _reply(choice: Mapping[str, Any], key: Secret, cost: Reply) -> Reply:
    """One choice of a response, with what it cost."""
    why = choice.get("finish_reason")
    try:
        said = said_in(choice)
    except ValueError as flaw:
        return Reply(error=f"the response can't be kept: {flaw}")
    if said.text is None:
        shown = key.masked(str(why or "not given"))[:60]
        return Reply(error=f"the response has no content (finish_reason: {shown})")
    if _UNSTORABLE.search(said.parts):
        return Reply(error="the response holds a NUL character or half a surrogate pair")
    if key.given_away(said.parts):
        return Reply(error="the answer holds the key that it was asked with, and isn't kept")
    logprobs = _logprobs(choice)
    return replace(
        cost,
        text=said.text,
        reasoning=said.reasoning,
        tool_calls=said.calls,
        finish_reason=_word(why, key),
        logprob=math.fsum(logprobs) if logprobs else None,
    )


def _word(said: Any, key: Secret) -> str:
    """Why the model stopped, if that is a word."""
    word = said[:FINISH_REASON] if isinstance(said, str) else ""
    return "" if _UNSTORABLE.search(word) else key.masked(word)[:FINISH_REASON]


def _logprobs(choice: Any) -> list[float] | None:
    """The log-probability of each token of an answer; None where they aren't all said."""
    said = choice.get("logprobs") if isinstance(choice, dict) else None
    if not isinstance(said, dict):
        return None
    found = said.get("token_logprobs")
    if found is None and isinstance(content := said.get("content"), list):
        found = [each.get("logprob") if isinstance(each, dict) else None for each in content]
    if not isinstance(found, list):
        return None
    if not all(type(one) in (int, float) and math.isfinite(one) and one <= 0 for one in found):
        return None
    return found


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**31 else None

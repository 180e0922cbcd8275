"""What an OpenAI-compatible server's responses say. Pure."""

import email.utils
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from evalhub.io.finish_reasons import end_of
from runners.backends.asking import SERVED_NAME, Fault, Paid, Reply
from runners.backends.faults import error_in, fault_of
from runners.backends.masking import Secret
from runners.backends.messages import message_of

COMPLAINT = 200
"""Characters of an error response that are repeated."""
FINISH_REASON = 40
"""Characters that are kept of why a model stopped."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PAGE = re.compile(r"<(!doctype|html|head|body)\b", re.I)


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
    message = content.decode("utf-8", "replace").strip()
    try:
        error = json.loads(message)["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return in_one_line(str(message), key) or "no reason given"


def in_one_line(text: str, key: Secret) -> str:
    """A server's message in one line, shortened, without the key and unstorable characters."""
    return " ".join(key.beginning(_UNSTORABLE.sub("", text), COMPLAINT).split())


def replies(content: bytes, latency_ms: float, key: Secret) -> list[Reply]:
    """The answers in a response, one at least, or what is wrong with it.

    A response with the status 200 that is none, such as an error, half an answer or a proxy's page,
    is the server's fault, unless it says itself that it is the item's. Tokens that a response
    counts for several answers together are told of each by the log-probabilities that it gives,
    else in equal parts.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        beginning = in_one_line(content.decode("utf-8", "replace"), key)
        what = "an HTML page and no JSON" if _PAGE.match(beginning) else "malformed JSON"
        return [Reply(error=f"the response is {what}: {beginning!r}", fault=Fault.SERVER)]
    if (error := error_in(answer)) is not None:
        error_message = error.get("message") or error if isinstance(error, dict) else error
        message = error_message if isinstance(error_message, str) else json.dumps(error_message)
        beginning = in_one_line(message, key) or "no reason given"
        return [Reply(error=f"the response is an error: {beginning}", fault=fault_of(error))]
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        beginning = in_one_line(content.decode("utf-8", "replace"), key)
        return [Reply(error=f"the response has no choices: {beginning!r}", fault=Fault.SERVER)]
    prompt, completion, paid = tokens_reported(answer)
    served = name_of_served(answer.get("model"), key)
    fingerprint = name_of_served(answer.get("system_fingerprint"), key)
    answers = [
        _reply(
            choice if isinstance(choice, dict) else {},
            key,
            Reply(
                latency_ms=latency_ms,
                prompt_tokens=prompt,
                completion_tokens=None if completion is None else _share(completion, choices, at),
                served_model=served,
                fingerprint=fingerprint,
            ),
        )
        for at, choice in enumerate(choices)
    ]
    return answers if paid is None else _with_what_was_paid(answers, paid)


def tokens_reported(answer: Mapping[str, Any]) -> tuple[int | None, int | None, Paid | None]:
    """The prompt's and the answers' tokens by a response's usage, and what was paid for; None where
    it doesn't say."""
    usage = answer.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    prompt, completion = (_count(usage.get(f"{name}_tokens")) for name in ("prompt", "completion"))
    if prompt is None or completion is None:
        return prompt, completion, None
    return prompt, completion, Paid(prompt, completion, min(_cached_tokens(usage), prompt))


def _with_what_was_paid(answers: list[Reply], paid: Paid) -> list[Reply]:
    """Add what was paid where the answers' token counts don't show it: several, cached, errors."""
    if len(answers) == 1 and answers[0].text is not None and not paid.cached:
        return answers
    first, *others = answers
    return [replace(first, paid=paid), *(replace(other, paid=Paid(0, 0)) for other in others)]


def _cached_tokens(usage: Mapping[str, Any]) -> int:
    """Tokens of the prompt that the server had read before, which some sell for less."""
    details = usage.get("prompt_tokens_details")
    return (_count(details.get("cached_tokens")) or 0) if isinstance(details, dict) else 0


def _share(total: int, choices: Sequence[Any], at: int) -> int:
    """What of a count of tokens belongs to one of several choices; all of them make up the total,
    unless the choices say themselves how long they are."""
    if (
        len(choices) > 1
        and (logprobs := [_logprobs(choice) for choice in choices])
        and None not in logprobs
    ):
        return len(logprobs[at] or ())
    return total // len(choices) + (at < total % len(choices))


def _reply(choice: Mapping[str, Any], key: Secret, cost: Reply) -> Reply:
    """One choice of a response, with what it cost."""
    why = choice.get("finish_reason")
    try:
        message = message_of(choice)
    except ValueError as flaw:
        return Reply(error=f"the response can't be kept: {flaw}")
    if message.text is None:
        reason = key.beginning(str(why or "not given"), 60)
        withheld = isinstance(why, str) and end_of(why) == "withheld"
        fault = Fault.ITEM if withheld else Fault.MODEL
        return Reply(
            error=f"the response has no content (finish_reason: {reason})",
            finish_reason=_word(why, key),
            served_model=cost.served_model,
            fingerprint=cost.fingerprint,
            fault=fault,
        )
    if _UNSTORABLE.search(message.parts):
        return Reply(error="the response holds a NUL character or half a surrogate pair")
    if key.is_in(message.parts):
        return Reply(error="the answer holds the key that it was asked with, and isn't kept")
    logprobs = _logprobs(choice)
    return replace(
        cost,
        text=message.text,
        reasoning=message.reasoning,
        tool_calls=message.calls,
        finish_reason=_word(why, key),
        logprob=math.fsum(logprobs) if logprobs else None,
    )


def _word(value: Any, key: Secret) -> str:
    """The finish reason, where it is a single word; else ""."""
    word = key.beginning(value, FINISH_REASON) if isinstance(value, str) else ""
    return "" if _UNSTORABLE.search(word) else word


def name_of_served(value: Any, key: Secret) -> str:
    """A name that a response gives to what answered, if it is a text; without the key."""
    return in_one_line(value, key)[:SERVED_NAME] if isinstance(value, str) else ""


def _logprobs(choice: Any) -> list[float] | None:
    """The log-probability of each token of an answer; None where one is missing."""
    logprobs = choice.get("logprobs") if isinstance(choice, dict) else None
    if not isinstance(logprobs, dict):
        return None
    values = logprobs.get("token_logprobs")
    if values is None and isinstance(content := logprobs.get("content"), list):
        values = [token.get("logprob") if isinstance(token, dict) else None for token in content]
    if not isinstance(values, list):
        return None
    if not all(type(one) in (int, float) and math.isfinite(one) and one <= 0 for one in values):
        return None
    return values


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**31 else None

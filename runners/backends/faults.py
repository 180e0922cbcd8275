"""Whose fault it is that a server gave no answer, by the server's own words, and the cure. Pure."""

import json
import re
from typing import TYPE_CHECKING, Any

from runners.backends.asking import Fault

if TYPE_CHECKING:
    from runners.backends.openai import OpenAIBackend

_OTHERWISE = re.compile(r"rate.?limit|quota|per (second|minute|hour|day)", re.I)
"""What also speaks of tokens and of limits, and isn't about one item."""
_TOO_LONG = re.compile(
    r"context.{0,3}(length|window|size)|maximum (context|input|prompt|sequence)|max_model_len|"
    r"(prompt|input|request|message|sequence|string)s? .{0,30}too (long|large)|too long|"
    r"string_above_max_length|exceeds? .{0,60}\b(context|tokens?\b.{0,20}(model|supported))",
    re.I,
)
"""As context_length_exceeded (OpenAI, vLLM), exceed_context_size_error (llama.cpp), "prompt is too
long" (Anthropic, Ollama) say it."""
_FILTERED = re.compile(
    r"content.?(filter|policy|management)|responsible.?ai|moderation|\bflagged\b|"
    r"safety (system|filter|polic|reason|setting)|prohibited content",
    re.I,
)
"""As content_filter (Azure), content_policy_violation (OpenAI), moderation (OpenRouter) say it."""


def is_too_long(text: str) -> bool:
    """Whether a server says that the prompt is longer than it takes."""
    return bool(_TOO_LONG.search(text)) and not _OTHERWISE.search(text)


def is_filtered(text: str) -> bool:
    """Whether a server says that a filter of contents stopped the item."""
    return bool(_FILTERED.search(text)) and not _OTHERWISE.search(text)


def error_in(answer: Any) -> Any:
    """What a response says of an error, at its top or in its first choice; None where nothing."""
    if not isinstance(answer, dict):
        return None
    if answer.get("error"):
        return answer["error"]
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return (first.get("error") or None) if isinstance(first, dict) else None


def fault_of(error: Any) -> Fault:
    """Whose fault an error is that came in place of an answer, though the status was 200: the
    item's where the server says that it is too long or filtered, else the server's."""
    text = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
    return Fault.ITEM if is_too_long(text) or is_filtered(text) else Fault.SERVER


def location(backend: "OpenAIBackend") -> str:
    """Where the address is configured, for an error message."""
    return "the arm's url" if backend.url else "its url in EVALHUB_ENDPOINTS"


def cure(backend: "OpenAIBackend", status: int) -> str:
    """Advice for the case that every request is refused with this status."""
    model, variable = backend.model, backend.key_env
    if status == 404:
        return f"is {model!r} served there, and are {location(backend)} and the arm's api right?"
    if status in (401, 403) and variable:
        return f"put a key into {variable} that may ask {model!r}"
    if status in (401, 403) and backend.endpoint:
        return f"give that endpoint a key in EVALHUB_ENDPOINTS that may ask {model!r}"
    if status in (401, 403):
        return "name the variable that holds its key in the arm's key_env"
    return f"put that right at the server, or correct {location(backend)}"

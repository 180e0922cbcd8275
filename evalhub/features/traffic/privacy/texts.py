"""The texts of a request before they are stored: which are kept, masked, in which language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from evalhub.features.traffic.models import EventTexts, TrafficSettings
from evalhub.features.traffic.privacy.languages import language_of
from evalhub.features.traffic.privacy.personal_data import Masking
from evalhub.features.traffic.rows import RequestRow, SignalRow, TextsRow
from evalhub.io.canonical import digest_of

_BYTES = 8


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """What is stored of a request's texts.

    Attributes:
        kept: whether its texts are stored: they were sent, and it is among the share that is kept.
        messages: masked; None where it isn't kept.
        output, tool_calls: likewise.
        masked: personal data found in all of them, and replaced.
        language: a code of ISO 639; "" where it is unknown.
        digest: SHA-256 of the messages' canonical JSON as they were sent; "" where nobody said it.
    """

    kept: bool
    messages: list[dict[str, Any]] | None
    output: str | None
    tool_calls: list[dict[str, Any]] | None
    masked: int
    language: str
    digest: str


def kept_texts(row: RequestRow, settings: TrafficSettings) -> KeptTexts:
    """What is stored of a request's texts. A value has one token in all of them."""
    messages = None if row.messages is None else list(row.messages)
    digest = row.digest if messages is None else digest_of(messages)
    language = row.language or language_of(question_text(messages or []), settings.languages)
    if not (row.has_texts and is_in_share(row.mirror_of or row.id, settings.text_share)):
        return KeptTexts(False, None, None, None, 0, language, digest)
    masking = Masking()
    masked = None if messages is None else [_masked(message, masking) for message in messages]
    output = None if row.output is None else masking.mask(row.output)
    calls = None if row.tool_calls is None else [_masked(call, masking) for call in row.tool_calls]
    return KeptTexts(True, masked, output, calls, masking.count, language, digest)


def add_event_texts(
    texts: EventTexts,
    row: TextsRow,
    settings: TrafficSettings,
    pseudonym: Callable[[str], str],
) -> bool:
    """Adds to a request's texts what a batch brought of them; returns whether that is new.

    Messages are new where they are later than those that came, an answer where none came. A value
    has one token in all of them, which is known by its pseudonym.
    """
    later = texts.until is None or row.time > texts.until
    messages = list(row.messages or ()) if later else []
    in_share = is_in_share(row.id, settings.text_share)
    answered = not (texts.output is None and texts.tool_calls is None)
    answers = in_share and not answered and not (row.output is None and row.tool_calls is None)
    if not (messages or answers):
        return False
    masking = Masking(texts.tokens, pseudonym)
    if answers:
        texts.output = None if row.output is None else masking.mask(row.output)
        calls = row.tool_calls
        texts.tool_calls = None if calls is None else [_masked(call, masking) for call in calls]
    if messages:
        _add_messages(texts, messages, masking if in_share else None, settings)
        texts.until = row.until or row.time
    texts.masked += masking.count
    texts.tokens = masking.tokens
    return True


def _add_messages(
    texts: EventTexts,
    messages: list[dict[str, Any]],
    masking: Masking | None,
    settings: TrafficSettings,
) -> None:
    """Adds messages; without a masking only what stays of texts that aren't kept.

    The digest is of all messages as they were sent: of those of several batches it is known only
    where nothing was masked.
    """
    is_first = texts.until is None
    texts.language = language_of(question_text(messages), settings.languages) or texts.language
    texts.digest = digest_of(messages) if is_first else ""
    if masking is None:
        return
    masked = [_masked(message, masking) for message in messages]
    texts.messages = [*(texts.messages or ()), *masked]
    if not is_first and not texts.masked and not masking.count:
        texts.digest = digest_of(texts.messages)


def kept_comment(row: SignalRow, settings: TrafficSettings) -> str | None:
    """What is stored of a signal's text: masked by itself, and in the share of what it is about."""
    about = row.request or row.trace_id or row.conversation
    if row.text is None or not is_in_share(about, settings.text_share):
        return None
    return Masking().mask(row.text)


def is_in_share(key: str, share: float) -> bool:
    """Whether a request's texts are among the `share` that is kept: 0 is none of them, 1 all.

    It depends on its id alone, so that it is the same at every door and whenever it comes. A copy's
    is that of the request which it names, so that both have texts or none.
    """
    place = int.from_bytes(blake2b(key.encode(), digest_size=_BYTES).digest())
    return place < share * 256.0**_BYTES


def _masked(value: Any, masking: Masking) -> Any:
    """A JSON value with personal data replaced in its texts and names."""
    if isinstance(value, str):
        return masking.mask(value)
    if isinstance(value, dict):
        return {masking.mask(name): _masked(member, masking) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(member, masking) for member in value]
    return value


def question_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the last message of the user's; parts that aren't text are left out."""
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content")
            parts = content if isinstance(content, list) else [content]
            return "\n".join(filter(None, map(_text, parts)))
    return ""


def _text(part: Any) -> str:
    text = part.get("text", part.get("content")) if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""

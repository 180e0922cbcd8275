"""What comes into a queue, and the content by which two examples are the same. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalhub.io.canonical import canonical_json
from evalhub.io.items import ItemContent
from evalhub.io.spelling import fold
from evalhub.io.tools import check_message, message_text
from reviews.errors import DraftError
from reviews.models import ExampleSource

LONGEST_TEXT = 200_000
"""Characters of an input, a context, a proposal."""
ROLES = ("system", "user", "assistant", "tool")
_USER_HASH = re.compile("[0-9a-f]{32}|")
_WHITE_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ExampleDraft:
    """An example that is to wait for people, with its provenance.

    Attributes:
        input: a text, or chat messages {"role", "content"}, as items of test sets have it.
        proposal: the proposed answer; "" where people write it from nothing.
        reference: where exactly it came from, by source (see `reviews.models.Example`).
        model: that proposed the answer, and `prompt`, with which it was asked.
        parent: primary key of the example of which this is a variation.
        user_hash: of the traffic's user; a variation has its parent's.
        item: primary key of the test-set item whose right answer is written.
        gold: planted, to see whether people look; `expected` is then the right answer, "" where
            the proposal is wrong and no certain answer is right.
    """

    input: str | Sequence[Mapping[str, Any]]
    source: ExampleSource
    proposal: str = ""
    context: str = ""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reference: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    prompt: str = ""
    parent: int | None = None
    licence: str = ""
    user_hash: str = ""
    item: int | None = None
    gold: bool = False
    expected: str = ""

    @property
    def plain_input(self) -> str | list[dict[str, Any]]:
        """The input as JSON has it."""
        if isinstance(self.input, str):
            return self.input
        return [dict(message) for message in self.input]

    @property
    def digest(self) -> str:
        """SHA-256 of the whole input with its context, whatever case and white space they have."""
        if isinstance(self.input, str):
            parts = [["user", _folded(self.input)]]
        else:
            parts = [[each["role"], _folded(message_text(each))] for each in self.input]
        return hashlib.sha256(canonical_json([parts, _folded(self.context)])).hexdigest()

    @property
    def fingerprints(self) -> tuple[int, int]:
        """Of its own text, and of its text in its context, as `ItemContent` has them."""
        content = ItemContent("", self.plain_input, [], self.context, [], "", {})
        return content.fingerprint(), content.fingerprint_in_context()

    def check(self, number: int, labels: Sequence[str]) -> None:
        """Raises DraftError, which names the draft by its number and the field."""
        if reason := _input_fault(self.input):
            raise DraftError(number, "input", reason)
        for name in ("proposal", "context", "prompt", "expected"):
            if len(getattr(self, name)) > LONGEST_TEXT:
                raise DraftError(number, name, f"longer than {LONGEST_TEXT:,} characters")
        for name in ("proposal", "expected"):
            if labels and getattr(self, name) not in ("", *labels):
                reason = f"{getattr(self, name)[:40]!r} is none of the queue's labels"
                raise DraftError(number, name, f"{reason}: {', '.join(labels)}")
        for name, most in (("model", 200), ("licence", 100)):
            if len(getattr(self, name)) > most:
                raise DraftError(number, name, f"longer than {most} characters")
        if not _USER_HASH.fullmatch(self.user_hash):
            raise DraftError(number, "user_hash", "a keyed hash has 32 hexadecimal digits")
        if self.gold and not self.proposal:
            raise DraftError(number, "proposal", "a gold example needs one that people judge")
        if self.expected and not self.gold:
            raise DraftError(number, "expected", "only a gold example has a known answer")


def _input_fault(value: object) -> str:
    """What is wrong with an input, "" where nothing is."""
    if isinstance(value, str):
        if not value.strip():
            return "empty; an input is a text or a list of chat messages"
        return f"longer than {LONGEST_TEXT:,} characters" if len(value) > LONGEST_TEXT else ""
    if not isinstance(value, Sequence) or not value:
        return "an input is a text or a list of chat messages {role, content}"
    for message in value:
        if not isinstance(message, Mapping) or message.get("role") not in ROLES:
            return f"a message is {{role, content}}, its role one of {', '.join(ROLES)}"
        if not isinstance(message.get("content"), str | None):
            return "a message's content is a text"
        try:
            check_message(message)
        except ValueError as error:
            return str(error)
        if len(message_text(message)) > LONGEST_TEXT:
            return f"a message is longer than {LONGEST_TEXT:,} characters"
    return ""


def _folded(text: str) -> str:
    return _WHITE_SPACE.sub(" ", fold(text)).strip()

"""Masks a key in messages and stored texts."""

import base64
import html
import re
from dataclasses import dataclass, field

MASK = "…"
LONGEST_CHARACTER = 12
"""Characters that one of a key's is spelt with at most: seven backslashes and `u0022`."""
TELLING = 8
"""A shorter key is a word, of which no other spelling is looked for."""
UNMISTAKABLE = 12
"""A shorter one, such as "EMPTY" or "not-needed", may well stand in an answer by itself."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A key. It shows itself to nobody, and finds itself in texts, also as it is spelt in a URL, in
    JSON, in HTML, in base64 or in hexadecimal."""

    value: str = field(repr=False)
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        patterns = [*_spellings(self.value), *_base64_patterns(self.value)]
        patterns.sort(key=len, reverse=True)
        pattern = re.compile("|".join(patterns), re.I) if patterns else None
        object.__setattr__(self, "_pattern", pattern)

    def __bool__(self) -> bool:
        return bool(self.value)

    def mask(self, text: str) -> str:
        """The text with a mark in the place of the key."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def beginning(self, text: str, most: int) -> str:
        """The first `most` characters of `mask`, however long the text is."""
        masked, at, longest = "", 0, LONGEST_CHARACTER * len(self.value)
        while (left := most - len(masked)) > 0:
            match = self._pattern and self._pattern.search(text, at, at + left + longest)
            if not match:
                return masked + text[at : at + left]
            masked += text[at : match.start()] + MASK
            at = match.end()
        return masked[:most]

    def is_in(self, text: str) -> bool:
        """Whether a text holds the key and can't hold it by chance."""
        return (
            self._pattern is not None
            and len(self.value) >= UNMISTAKABLE
            and self._pattern.search(text) is not None
        )


def _spellings(key: str) -> set[str]:
    """Patterns of the key as it is, in a URL, in JSON and in HTML, and in hexadecimal."""
    if len(key) < TELLING:
        return {re.escape(key)} - {""}
    return {"".join(map(_character, key)), key.encode().hex()}


def _character(one: str) -> str:
    """A pattern of one of a key's characters. Letters and digits are escaped by nobody."""
    if one.isalnum():
        return one
    code = ord(one)
    spellings = {
        rf"\\{{0,7}}{re.escape(one)}",
        re.escape(html.escape(one)),
        rf"%{code:02x}",
        rf"\\{{1,7}}u{code:04x}",
        rf"&#x0{{0,2}}{code:x};",
        rf"&#0{{0,2}}{code};",
    }
    return f"(?:{'|'.join(sorted(spellings, key=len, reverse=True))})"


def _base64_patterns(key: str) -> set[str]:
    """Patterns of the key in base64, wherever it stands in what is encoded."""
    raw, patterns = key.encode(), set()
    for shift in range(3):  # whole groups of three bytes read alike, and those at the ends go too
        inner = raw[shift : shift + (len(raw) - shift) // 3 * 3]
        for spelt in (base64.b64encode(inner), base64.urlsafe_b64encode(inner)):
            if len(spelt) >= TELLING:
                patterns.add(rf"[\w+/-]{{0,4}}{re.escape(spelt.decode())}[\w+/-]{{0,4}}={{0,2}}")
    return patterns

"""A key, kept out of what is told and stored."""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

MASK = "…"
TELLING = 8
"""A shorter key is a word, of which no other spelling is looked for."""
UNMISTAKABLE = 12
"""A shorter one, such as "EMPTY" or "not-needed", may well stand in an answer by itself."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A key. It shows itself to nobody, and finds itself in texts, also as it is spelt in a URL, in
    JSON, in base64 or in hexadecimal."""

    value: str = field(repr=False)
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = [*map(re.escape, _spellings(self.value)), *_encoded(self.value)]
        found.sort(key=len, reverse=True)
        pattern = re.compile("|".join(found), re.I) if found else None
        object.__setattr__(self, "_pattern", pattern)

    def __bool__(self) -> bool:
        return bool(self.value)

    def masked(self, text: str) -> str:
        """The text with a mark in the place of the key."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def given_away(self, text: str) -> bool:
        """Whether a text holds the key and can't hold it by chance."""
        return (
            self._pattern is not None
            and len(self.value) >= UNMISTAKABLE
            and self._pattern.search(text) is not None
        )


def _spellings(key: str) -> set[str]:
    if len(key) < TELLING:
        return {key} - {""}
    found = {key, quote(key), quote(key, safe=""), quote_plus(key), key.encode().hex()}
    in_json = key.replace("\\", "\\\\").replace('"', '\\"')
    return found | {in_json, in_json.replace("/", "\\/")}


def _encoded(key: str) -> set[str]:
    """Patterns of the key in base64, wherever it stands in what is encoded."""
    raw, found = key.encode(), set()
    for shift in range(3):  # whole groups of three bytes read alike, and those at the ends go too
        inner = raw[shift : shift + (len(raw) - shift) // 3 * 3]
        for spelt in (base64.b64encode(inner), base64.urlsafe_b64encode(inner)):
            if len(spelt) >= TELLING:
                found.add(rf"[\w+/-]{{0,4}}{re.escape(spelt.decode())}[\w+/-]{{0,4}}={{0,2}}")
    return found

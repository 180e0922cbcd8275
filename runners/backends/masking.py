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
        found = sorted(_spellings(self.value), key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, found)), re.I) if found else None
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
    raw = key.encode()
    found = {key, quote(key), quote(key, safe=""), quote_plus(key), raw.hex()}
    in_json = key.replace("\\", "\\\\").replace('"', '\\"')
    found |= {in_json, in_json.replace("/", "\\/")}
    for shift in range(3):  # wherever it stands in what is encoded, whole groups of it read alike
        inner = raw[shift:]
        inner = inner[: len(inner) // 3 * 3]
        for spelt in (base64.b64encode(inner), base64.urlsafe_b64encode(inner)):
            found.add(spelt.decode())
    return {each for each in found if len(each) >= TELLING}

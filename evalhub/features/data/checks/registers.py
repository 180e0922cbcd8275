"""Which form of address a text uses: German du or Sie, French tu or vous. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Register = Literal["formal", "informal"]
_READ = 4_000


@dataclass(frozen=True, slots=True)
class Registers:
    """A language's forms of address.

    Attributes:
        name: of the language, in English.
        words: by register, the pronoun.
        patterns: what shows it.
    """

    name: str
    words: Mapping[Register, str]
    patterns: Mapping[Register, re.Pattern[str]]


REGISTERS: dict[str, Registers] = {
    # At a sentence's start “Sie” may be she or they, so it counts only after a small letter.
    "de": Registers(
        "German",
        {"formal": "Sie", "informal": "du"},
        {
            "formal": re.compile(r"(?<=[a-zäöüß,] )(?:Sie|Ihnen|Ihre[mnrs]?|Ihr)\b"),
            "informal": re.compile(r"\b(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?)\b"),
        },
    ),
    "fr": Registers(
        "French",
        {"formal": "vous", "informal": "tu"},
        {
            "formal": re.compile(r"\b(?:vous|votre|vos)\b", re.IGNORECASE),
            "informal": re.compile(r"\b(?:tu|toi|ton|ta|tes)\b", re.IGNORECASE),
        },
    ),
}


def register_of(text: str, language: str) -> Register | None:
    """The register of a text in a language of `REGISTERS`; None where it addresses nobody, or both
    ways alike."""
    patterns = REGISTERS[language].patterns
    beginning = text[:_READ]
    formal = len(patterns["formal"].findall(beginning))
    informal = len(patterns["informal"].findall(beginning))
    if formal == informal:
        return None
    return "formal" if formal > informal else "informal"

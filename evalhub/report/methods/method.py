"""One method in words that need no statistics, its formula, and where it comes from. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """What a page says of a method.

    Attributes:
        key: its address on the methods page.
        words: paragraphs of plain text.
        formula: lines of text; "" where there is nothing to compute.
        symbols: what the formula's letters stand for.
        source: who published it; "" for a convention of Evalhub's own.
        pattern: a regular expression that finds this method in the name that a result gives;
            "" for what no result names.
    """

    key: str
    name: str
    words: tuple[str, ...]
    formula: str = ""
    symbols: str = ""
    source: str = ""
    pattern: str = ""

    def explains(self, named: str) -> bool:
        return bool(self.pattern and re.search(self.pattern, named))


@dataclass(frozen=True, slots=True)
class Chapter:
    """Methods that belong together."""

    key: str
    title: str
    lead: str
    methods: Sequence[Method]

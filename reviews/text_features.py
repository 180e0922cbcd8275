"""Features by which a reader could recognise a text: traits, measures, words, letters. Pure.

All is yes or no, so that what tells two arms apart can be said in words and counted: a text has a
trait, a word, three letters in a row; of two texts one is longer, or longer by half.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviews.traits import TRAITS, Trait

Codes = NDArray[np.int64]

LONGEST = 4_000
"""Characters of a text whose words and letters are read: of a longer one, half of them from its
beginning and half from its end."""

_WORD = re.compile(r"\w+")
_REFUSES = re.compile(
    r"\b(?:I can't|I can’t|I cannot|I'm sorry|I’m sorry|I am sorry|I'm unable|I am unable|"
    r"I won't|I apologi[sz]e)\b",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"\s*(?:sure|certainly|of course|absolutely|great question|here is|here are|here's)\b",
    re.IGNORECASE,
)
_OFFERS = re.compile(r"let me know|feel free|hope (?:this|that) helps|happy to help", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\bI\b")
_DIGIT = re.compile(r"\d")
_CURLY = re.compile("[“”‘’]")
_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
_ENDS = re.compile("[.!?。！？]")


def _with(mark: str) -> Callable[[str], bool]:
    return lambda text: mark in text


def _ending(mark: str) -> Callable[[str], bool]:
    return lambda text: text.endswith(mark)


def _under(length: int) -> Callable[[str], bool]:
    return lambda text: len(text) < length


LENGTHS = (20, 50, 100, 200, 500, 1000, 2000)
"""Characters that a text can be shorter than: the last of YES_NO."""
YES_NO: tuple[Trait, ...] = (
    *(trait for trait in TRAITS if trait.is_visible),
    Trait("braces", "has { and }", lambda text: "{" in text and "}" in text),
    Trait("paragraphs", "has paragraphs", _with("\n\n")),
    Trait("lines", "has more than one line", _with("\n")),
    Trait("refuses", "refuses or is sorry", lambda text: bool(_REFUSES.search(text))),
    Trait("opens", "opens with “Sure”, “Here is” or the like",
          lambda text: bool(_OPENS.match(text))),
    Trait("offers", "offers more help", lambda text: bool(_OFFERS.search(text))),
    Trait("first-person", "says “I”", lambda text: bool(_FIRST_PERSON.search(text))),
    Trait("address", "has a web address", _with("://")),
    Trait("digits", "has digits", lambda text: bool(_DIGIT.search(text))),
    Trait("emoji", "has an emoji or a symbol", lambda text: bool(_EMOJI.search(text))),
    Trait("beyond-ascii", "has letters or marks beyond ASCII", lambda text: not text.isascii()),
    Trait("curly", "has curly quotation marks", lambda text: bool(_CURLY.search(text))),
    Trait("quotes", "has straight quotation marks", _with('"')),
    Trait("dash", "has a long dash", _with("—")),
    Trait("exclaims", "has an exclamation mark", _with("!")),
    Trait("asks", "has a question mark", _with("?")),
    Trait("brackets", "has round brackets", _with("(")),
    Trait("colon", "has a colon", _with(":")),
    Trait("semicolon", "has a semicolon", _with(";")),
    Trait("ends-stop", "ends with a full stop", _ending(".")),
    Trait("ends-exclaiming", "ends with an exclamation mark", _ending("!")),
    Trait("ends-asking", "ends with a question mark", _ending("?")),
    Trait("ends-plain", "ends with a letter or a digit", lambda text: text[-1:].isalnum()),
    Trait("begins-small", "begins with a small letter", lambda text: text[:1].islower()),
    Trait("begins-capital", "begins with a capital", lambda text: text[:1].isupper()),
    *(
        Trait(f"under-{length}", f"is shorter than {length:,} characters", _under(length))
        for length in LENGTHS
    ),
)  # fmt: skip

MEASURES = (
    "longer",
    "of more lines",
    "of longer sentences",
    "of longer words",
    "of more varied words",
    "richer in digits",
    "richer in capitals",
    "richer in marks",
)
"""What one of two texts can have more of than the other."""
MUCH = 1.5
"""One text is so many times what the other is in a measure."""


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """Traits (YES_NO) and measures (MEASURES) of a text, and its words and letters as codes."""

    traits: NDArray[np.int8]
    measures: NDArray[np.float64]
    words: Codes
    letters: Codes


class TextReader:
    """Reads texts, and gives each word the same number wherever it comes."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def read(self, text: str) -> TextFeatures:
        part = text
        if len(text) > LONGEST:
            part = f"{text[: LONGEST // 2]}\n{text[-LONGEST // 2 :]}"
        words = _WORD.findall(part.lower())
        return TextFeatures(
            traits=np.array([trait.has(text) for trait in YES_NO], np.int8),
            measures=_measures(text, part, words),
            words=self._word_codes(words),
            letters=_letter_codes(part.lower()),
        )

    def word_title(self, code: int) -> str:
        kind, first, second = code >> 60, (code >> 30) & (1 << 30) - 1, code & (1 << 30) - 1
        one = self._names[first]
        if kind == _PAIR:
            return f"has “{one} {self._names[second]}”"
        return {_ANYWHERE: f"has the word “{one}”", _FIRST: f"begins with the word “{one}”"}.get(
            kind, f"ends with the word “{one}”"
        )

    def _word_codes(self, words: Sequence[str]) -> Codes:
        """Words, two in a row, the first and the last, each once."""
        if not words:
            return np.zeros(0, np.int64)
        ids = np.fromiter((self._number(word) for word in words), np.int64, len(words))
        ends = [_FIRST << 60 | ids[0] << 30, _LAST << 60 | ids[-1] << 30]
        pairs = (_PAIR << 60) + (ids[:-1] << 30) + ids[1:]
        return np.unique(np.concatenate([(_ANYWHERE << 60) + (ids << 30), pairs, ends]))

    def _number(self, word: str) -> int:
        word = word[:40]
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self._names)
            self._names.append(word)
        return number


_ANYWHERE, _PAIR, _FIRST, _LAST = range(4)


def letters_title(code: int) -> str:
    three = "".join(chr(code >> shift & (1 << 21) - 1) for shift in (42, 21, 0))
    return f"has the characters “{three.replace(' ', '␣').replace(chr(10), '⏎')}”"


def more_of(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.int8]:
    """(2 × measures): 1 where `one` has more, then where it has much more; -1 the other way."""
    much_more = (one > MUCH * other).astype(np.int8) - (other > MUCH * one).astype(np.int8)
    return np.concatenate([np.sign(one - other).astype(np.int8), much_more])


MORE_TITLES = (
    *(f"is {measure} than its partner" for measure in MEASURES),
    *(f"is {measure} than its partner by half or more" for measure in MEASURES),
)


def _measures(text: str, part: str, words: Sequence[str]) -> NDArray[np.float64]:
    count, size = max(len(words), 1), max(len(part), 1)
    spaces = sum(map(str.isspace, part))
    marks = size - spaces - sum(map(str.isalnum, part))
    return np.array(
        [
            len(text),
            text.count("\n"),
            len(words) / max(len(_ENDS.findall(part)), 1),
            sum(map(len, words)) / count,
            len(set(words)) / count,
            sum(map(str.isdigit, part)) / size,
            sum(map(str.isupper, part)) / size,
            marks / size,
        ]
    )


def _letter_codes(text: str) -> Codes:
    """Three characters in a row, each once, as 21 bits each."""
    raw = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    if raw.size < 3:
        return np.zeros(0, np.int64)
    return np.unique((raw[:-2] << 42) + (raw[1:-1] << 21) + raw[2:])

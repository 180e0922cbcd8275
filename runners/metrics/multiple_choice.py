"""Multiple choice."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from runners.metrics.score import Answer, Score

LETTERS = "ABCDEFGHIJ"


class _Forms(NamedTuple):
    alone: re.Pattern[str]
    said: re.Pattern[str]
    leading: re.Pattern[str]
    bracketed: re.Pattern[str]


def multiple_choice(answer: Answer, reference: Any, *, letters: str = LETTERS) -> Score:
    """1 where the letter that the output chooses is the reference's, else 0."""
    forms = _forms(letters)
    wanted = forms.alone.fullmatch(reference.strip()) if isinstance(reference, str) else None
    if wanted is None:
        return Score(None, f"the reference is not a letter of {letters}: {str(reference)[:60]!r}")
    given = chosen(answer.text, letters)
    if given is None:
        return Score(0.0, "no choice in the output")
    return Score(float(given == wanted[1].upper()))


def chosen(text: str, letters: str = LETTERS) -> str | None:
    """The letter that a text chooses, the first of these that it has:

    nothing but a letter (`B`, `(b)`, `**B.**`); the last `answer is B`, `Answer: (B)`; a letter
    with a mark after it at the start (`B. Paris`, `(B) Paris`); the last letter in brackets.
    """
    forms, text = _forms(letters), text.strip()
    if match := forms.alone.fullmatch(text):
        return match[1].upper()
    said = forms.said.findall(text)
    if said:
        return str(said[-1]).upper()
    if match := forms.leading.match(text):
        return match[1].upper()
    bracketed = forms.bracketed.findall(text)
    return str(bracketed[-1]) if bracketed else None


@lru_cache(maxsize=64)
def _forms(letters: str) -> _Forms:
    some = f"[{letters}]"
    marks = r"[\s*_\"'`]*"
    return _Forms(
        alone=re.compile(rf"{marks}\(?({some})\)?[.:,]?{marks}", re.IGNORECASE),
        # a bare letter must be a capital: "the answer is a tie" chooses nothing
        said=re.compile(
            rf"\b(?i:answer|choice|option)(?i:\s+is:?|\s*[:=]){marks}(?:\$?\\boxed\{{)?"
            rf"({some}(?![\w'’])|\((?i:{some})(?=\)))".replace(r"\((?i:", r"(?<=\()(?i:")
        ),
        leading=re.compile(rf"[*_]*(?:\(({some})\)|({some})[.):])"),
        bracketed=re.compile(rf"\(({some})\)"),
    )

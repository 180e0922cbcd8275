"""Multiple choice."""

import re
from collections import deque
from functools import lru_cache
from typing import Any, NamedTuple

from runners.metrics.score import Answer, MetricScore

LETTERS = "ABCDEFGHIJ"


class _Forms(NamedTuple):
    alone: re.Pattern[str]
    said: re.Pattern[str]
    leading: re.Pattern[str]
    bracketed: re.Pattern[str]


def multiple_choice(answer: Answer, reference: Any, *, letters: str = LETTERS) -> MetricScore:
    """1 where the letter that the output chooses is the reference's, else 0."""
    alone = _forms(letters).alone
    wanted = alone.fullmatch(reference.strip()) if isinstance(reference, str) else None
    if wanted is None:
        return MetricScore(
            None, f"the reference is not a letter of {letters}: {str(reference)[:60]!r}"
        )
    given = chosen(answer.text, letters)
    if given is None:
        return MetricScore(0.0, "no choice in the output")
    return MetricScore(float(given == _letter(wanted)))


def chosen(text: str, letters: str = LETTERS) -> str | None:
    """The letter that a text chooses: the first of these forms that it has.

    Nothing but a letter (`B`, `(b)`, `**B.**`); the last `answer is B` or `Answer: (B)`; a letter
    with a mark after it at the start (`B. Paris`, `(B) Paris`); the last letter in brackets.
    A bare letter in a sentence must be a capital: "the answer is a tie" chooses nothing.
    """
    forms, text = _forms(letters), text.strip()
    match = (
        forms.alone.fullmatch(text)
        or _last(forms.said, text)
        or forms.leading.match(text)
        or _last(forms.bracketed, text)
    )
    return _letter(match) if match else None


def _letter(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group).upper()


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = deque(pattern.finditer(text), maxlen=1)
    return last[0] if last else None


@lru_cache(maxsize=64)
def _forms(letters: str) -> _Forms:
    letter = f"[{letters}]"
    marks = r"[\s*_\"'`]*+"
    return _Forms(
        alone=re.compile(rf"(?i){marks}\(?({letter})\)?[.:,]?{marks}"),
        said=re.compile(
            rf"\b(?i:answer|choice|option)(?i:\s+is:?|\s*[:=]){marks}"
            rf"(?i:(?:option|choice)\s+)?{marks}(?:\$?\\boxed\{{)?"
            rf"(?:\(((?i:{letter}))\)|({letter})(?![\w'’]))"
        ),
        leading=re.compile(rf"[*_]*(?:\(({letter})\)|({letter})[.):])"),
        bracketed=re.compile(rf"\(({letter})\)"),
    )

"""Multiple choice."""

import re
from collections import deque
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator

from runners.metrics.score import Answer, MetricScore, TextMetric


class _Forms(NamedTuple):
    alone: re.Pattern[str]
    said: re.Pattern[str]
    leading: re.Pattern[str]
    bracketed: re.Pattern[str]


class MultipleChoice(TextMetric):
    """1 where the letter that the output chooses is the reference's, else 0."""

    title: ClassVar = "Multiple choice"
    measures: ClassVar = "whether the letter that the output chooses is the right one"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "a base model that doesn't answer by letter: take choice_likelihood"
    normalisation: ClassVar = "all but the letter chosen"
    binary: ClassVar = True

    name: Literal["multiple_choice"] = "multiple_choice"
    letters: str = Field(
        "ABCDEFGHIJ", title="Letters to choose from", description="the letters to choose from"
    )

    @field_validator("letters")
    @classmethod
    def _are_capitals(cls, letters: str) -> str:
        if not (letters.isascii() and letters.isalpha() and letters.isupper()):
            raise ValueError("must be capital letters, such as ABCD")
        return letters

    def part_compared(self, answer: Answer) -> str | None:
        return chosen_letter(answer.text, self.letters)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        alone = _forms(self.letters).alone
        wanted = alone.fullmatch(reference.strip()) if isinstance(reference, str) else None
        if wanted is None:
            quoted = f"{str(reference)[:60]!r}"
            return MetricScore(None, f"the reference is not a letter of {self.letters}: {quoted}")
        letter = chosen_letter(answer.text, self.letters)
        if letter is None:
            return MetricScore(0.0, "no choice in the output")
        return MetricScore(float(letter == _letter(wanted)))


def chosen_letter(text: str, letters: str) -> str | None:
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

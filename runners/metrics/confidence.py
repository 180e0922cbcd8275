"""How sure a model is of its answer, and whether the answer is right."""

import re
from collections.abc import Callable
from math import exp
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator

from runners.metrics.choices import choice_likelihoods, right_choice
from runners.metrics.contains import Contains
from runners.metrics.exact_match import ExactMatch
from runners.metrics.multiple_choice import MultipleChoice
from runners.metrics.normalise import Lower
from runners.metrics.numeric_match import NumericMatch
from runners.metrics.score import Answer, MetricDeclaration, TextMetric
from runners.metrics.subprocess_scoring import extract_in_process

STATED = (
    r"(?i)confidence\W{0,5}?(?<!\s-)(?<![\d.])((?=\.?\d)\d{0,3}(?:\.\d{1,18})?\s{0,3}%?)"
    r"(?![.,]?\d)(?!e[-+]?\d)(?!\s?-\s?\d)(?!\s{0,3}%)"
    r"(?!\s{0,3}/\s?\d)(?!\s{0,3}(?:out\s)?of\s?\d)(?!\s{0,3}to\s?\d)"
)
"""The number behind the word; of -0.5, 0,85, 1e-5, 1000, 0-1, 0 to 1, 1/10 and 1 out of 10 no part
is one."""
_NUMBER = re.compile(r"\s*(\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})\s*(%?)\s*")


class Chances(NamedTuple):
    """Of each choice, adding up to 1, and the index of the right one."""

    of: list[float]
    right: int


class ConfidenceMetric(MetricDeclaration):
    """A metric of how sure a model is: by the likelihoods of an item's choices, by what it says
    itself in its answer, or by a score that came with the answer."""

    reads_choices: ClassVar = True

    confidence: Literal["choices", "stated", "recorded"] = Field(
        "choices", title="Where the confidence is from", description="where it is from"
    )
    stated: str = Field(
        STATED,
        title="Pattern of a stated confidence",
        description="a pattern with a group: its last match is the number",
    )
    percent: bool = Field(
        False,
        title="Numbers are percentages",
        description="take a number without % as a percentage; else it lies between 0 and 1",
    )
    of: str = Field(
        "confidence",
        alias="score",
        min_length=1,
        title="Recorded score to take",
        description="which of an answer's `scores` is the confidence",
    )
    answer: str | None = Field(
        None,
        title="Pattern of the answer",
        description="a pattern with a group: its last match is the answer, which may be right",
    )
    right_by: Literal["exact_match", "contains", "numeric_match", "multiple_choice"] = Field(
        "exact_match",
        title="Metric by which an answer is right",
        description="a stated or recorded confidence is of an answer that is right by this",
    )
    lower: Lower = False

    @field_validator("stated", "answer")
    @classmethod
    def _has_a_group(cls, source: str | None) -> str | None:
        from runners.metrics.pattern import groups_of

        if source is not None and not groups_of(source):
            raise ValueError("has no group: put the part to take in brackets")
        return source

    @property
    def needs_choices(self) -> bool:
        return self.confidence == "choices"

    def chances_of(self, answer: Answer, reference: Any) -> Chances:
        """How likely each choice is among the item's; ValueError says what is missing."""
        choices, sums = choice_likelihoods(answer)
        most = max(sums)
        if most == float("-inf"):
            raise ValueError("none of the choices has any likelihood")
        weights = [exp(each - most) for each in sums]
        total = sum(weights)
        return Chances([each / total for each in weights], right_choice(choices, reference))

    def confidence_and_right(self, answer: Answer, reference: Any) -> tuple[float, bool]:
        """How sure the model is of its answer, from 0 to 1, and whether that is right. The answer
        of choices is the likeliest, of equals the first. ValueError says what is missing."""
        if self.confidence == "choices":
            chances = self.chances_of(answer, reference)
            most = max(chances.of)
            return most, chances.of.index(most) == chances.right
        text = answer.text
        if self.confidence == "recorded":
            sure = self._recorded(answer)
        else:
            part = extract_in_process(self.stated, text)
            if part is None:
                raise ValueError("no confidence in the answer")
            sure = self._number(part)
        if self.answer is not None:
            part = extract_in_process(self.answer, text)
            text = text if part is None else part
        score = _RIGHT_BY[self.right_by](self).score(Answer(text), reference)
        if score.value is None:
            raise ValueError(score.reason)
        return sure, score.value == 1.0

    def _recorded(self, answer: Answer) -> float:
        value = (answer.scores or {}).get(self.of)
        if value is None:
            raise ValueError(f"no score {self.of!r} was recorded")
        if not 0 <= value <= 1:
            raise ValueError(f"the recorded confidence {value:g} isn't between 0 and 1")
        return value

    def _number(self, part: str) -> float:
        match = _NUMBER.fullmatch(part)
        if match is None:
            raise ValueError(f"the confidence {part[:40]!r} is no number")
        value = float(match[1]) / (100 if match[2] or self.percent else 1)
        if not 0 <= value <= 1:
            raise ValueError(
                f"the confidence {part.strip()[:40]!r} isn't between 0 and 1: say `percent` where "
                "numbers are percentages"
            )
        return value


_RIGHT_BY: dict[str, Callable[[ConfidenceMetric], TextMetric]] = {
    "exact_match": lambda asked: ExactMatch(lower=asked.lower),
    "contains": lambda asked: Contains(lower=asked.lower),
    "numeric_match": lambda asked: NumericMatch(),
    "multiple_choice": lambda asked: MultipleChoice(),
}

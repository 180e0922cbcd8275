"""Exact match."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.normalise import Lower, normalise, reference_text
from runners.metrics.score import Answer, MetricScore, TextMetric


class ExactMatch(TextMetric):
    """1 where output and reference are the same text once both are normalised, else 0."""

    title: ClassVar = "Exact match"
    measures: ClassVar = "whether the output is the reference"
    reference_implementation: ClassVar = "Python's ==; with all options SQuAD 1.1"
    not_for: ClassVar = "free text, where a right answer has many wordings"
    normalisation: ClassVar = "white space at the ends"
    binary: ClassVar = True

    name: Literal["exact_match"] = "exact_match"
    lower: Lower = False
    punctuation: bool = Field(
        False, title="Ignore punctuation", description="leave out punctuation"
    )
    articles: bool = Field(False, title="Ignore a, an and the", description="leave out a, an, the")

    def part_compared(self, answer: Answer) -> str:
        return self._normalise(answer.text)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        actual, wanted = map(self._normalise, (answer.text, reference_text(reference)))
        return MetricScore(float(actual == wanted))

    def _normalise(self, text: str) -> str:
        return normalise(
            text, lower=self.lower, punctuation=self.punctuation, articles=self.articles
        )

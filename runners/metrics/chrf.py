"""chrF."""

from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.normalise import Lower, reference_text
from runners.metrics.score import Answer, MetricScore, TextMetric

PairsOfWords = Annotated[
    bool,
    Field(title="Count pairs of words too", description="count pairs of words too: chrF++"),
]


class Chrf(TextMetric):
    """chrF2, 0 to 1: sacrebleu's F-score of character n-grams (Popović 2015); `words`: chrF++."""

    title: ClassVar = "chrF"
    measures: ClassVar = "how many runs of characters output and reference share"
    reference_implementation: ClassVar = "sacrebleu 2.6"
    not_for: ClassVar = "to tell whether facts are right: a wrong number costs a few characters"
    normalisation: ClassVar = "white space"

    name: Literal["chrf"] = "chrf"
    lower: Lower = False
    words: PairsOfWords = False

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        wanted = reference_text(reference)
        if not wanted.strip():
            return MetricScore(None, "the reference is empty")
        measured = _chrf(self.lower, self.words).sentence_score(answer.text, [wanted])
        return MetricScore(min(measured.score / 100, 1.0))


@lru_cache(maxsize=4)
def _chrf(lower: bool, with_words: bool) -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(lowercase=lower, word_order=2 if with_words else 0)

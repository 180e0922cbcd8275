"""chrF."""

from functools import lru_cache
from typing import Any

from sacrebleu.metrics.chrf import CHRF

from runners.metrics.normalise import reference_text
from runners.metrics.score import Answer, MetricScore


def chrf(
    answer: Answer, reference: Any, *, lower: bool = False, words: bool = False
) -> MetricScore:
    """chrF2, 0 to 1: sacrebleu's F-score of character n-grams (Popović 2015); `words`: chrF++."""
    wanted = reference_text(reference)
    if not wanted.strip():
        return MetricScore(None, "the reference is empty")
    measured = _chrf(lower, words).sentence_score(answer.text, [wanted])
    return MetricScore(min(measured.score / 100, 1.0))


@lru_cache(maxsize=4)
def _chrf(lower: bool, words: bool) -> CHRF:
    return CHRF(lowercase=lower, word_order=2 if words else 0)

"""BLEU of one answer."""

from functools import lru_cache
from typing import Any

from sacrebleu.metrics.bleu import BLEU

from runners.metrics.normalise import reference_text
from runners.metrics.score import Answer, MetricScore


def bleu(
    answer: Answer, reference: Any, *, lower: bool = False, tokenize: str = "13a"
) -> MetricScore:
    """Sentence BLEU, 0 to 1: sacrebleu's, with exponential smoothing and effective order.

    (Post 2018, arXiv:1804.08771.) It is no corpus BLEU: a mean of these is a mean over answers.
    """
    wanted = reference_text(reference)
    if not wanted.strip():
        return MetricScore(None, "the reference is empty")
    measured = _bleu(lower, tokenize).sentence_score(answer.text, [wanted])
    return MetricScore(min(measured.score / 100, 1.0))


@lru_cache(maxsize=16)
def _bleu(lower: bool, tokenize: str) -> BLEU:
    return BLEU(lowercase=lower, tokenize=tokenize, effective_order=True)

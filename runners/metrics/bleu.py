"""BLEU of one answer."""

from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.normalise import Lower, reference_text
from runners.metrics.score import Answer, MetricScore, TextMetric

type BleuTokenizer = Literal["13a", "intl", "char", "zh", "none"]

USUAL_TOKENIZER: BleuTokenizer = "13a"
Tokenizer = Annotated[BleuTokenizer, Field(title="Tokenizer", description="sacrebleu's tokenizer")]


class Bleu(TextMetric):
    """Sentence BLEU, 0 to 1: sacrebleu's, with exponential smoothing and effective order.

    (Post 2018, arXiv:1804.08771.) It is no corpus BLEU: a mean of these is a mean over answers.
    """

    title: ClassVar = "BLEU"
    measures: ClassVar = "how many runs of one to four words output and reference share"
    reference_implementation: ClassVar = "sacrebleu 2.6"
    not_for: ClassVar = (
        "answers shorter than four words; figures to set beside papers, which are of a whole corpus"
    )
    normalisation: ClassVar = "white space, as sacrebleu's tokenizer has it"

    name: Literal["bleu"] = "bleu"
    lower: Lower = False
    tokenize: Tokenizer = USUAL_TOKENIZER

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        wanted = reference_text(reference)
        if not wanted.strip():
            return MetricScore(None, "the reference is empty")
        measured = _bleu(self.lower, self.tokenize).sentence_score(answer.text, [wanted])
        return MetricScore(min(measured.score / 100, 1.0))


@lru_cache(maxsize=16)
def _bleu(lower: bool, tokenize: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=lower, tokenize=tokenize, effective_order=True)

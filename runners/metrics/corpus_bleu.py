"""BLEU of a corpus."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from runners.metrics.bleu import USUAL_TOKENIZER, Tokenizer
from runners.metrics.corpus_text import CorpusTextMetric
from runners.metrics.normalise import Lower
from runners.text_counts import bleu_counts


class CorpusBleu(CorpusTextMetric):
    """BLEU as papers report it (Papineni et al. 2002; Post 2018, arXiv:1804.08771), with its
    exponential smoothing."""

    title: ClassVar = "Corpus BLEU"
    measures: ClassVar = "how many runs of one to four words all outputs share with the references"
    normalisation: ClassVar = "white space, as sacrebleu's tokenizer has it"
    not_for: ClassVar = "few answers, or a single one: BLEU is of a corpus"

    name: Literal["corpus_bleu"] = "corpus_bleu"
    lower: Lower = False
    tokenize: Tokenizer = USUAL_TOKENIZER

    @property
    def formula(self) -> str:
        return "bleu"

    def counts(self, answer: str, references: Sequence[str]) -> list[float]:
        return bleu_counts(answer, references, lower=self.lower, tokenize=self.tokenize)

"""chrF of a corpus."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from runners.metrics.chrf import PairsOfWords
from runners.metrics.corpus_text import CorpusTextMetric
from runners.metrics.normalise import Lower
from runners.text_counts import chrf_counts


class CorpusChrf(CorpusTextMetric):
    """chrF2 (Popović 2015), or with `words` chrF++ (Popović 2017). Of several references of an item
    the one counts that its answer is nearest to."""

    title: ClassVar = "Corpus chrF"
    measures: ClassVar = "how many runs of characters all outputs share with the references"
    normalisation: ClassVar = "white space"
    not_for: ClassVar = "few answers, or a single one: `chrf` is of one"

    name: Literal["corpus_chrf"] = "corpus_chrf"
    lower: Lower = False
    words: PairsOfWords = False

    @property
    def formula(self) -> str:
        return "chrf++" if self.words else "chrf"

    def counts(self, answer: str, references: Sequence[str]) -> list[float]:
        texts = [answer, *references]
        answer, *references = [text.lower() for text in texts] if self.lower else texts
        return chrf_counts(answer, references, score=self.formula)

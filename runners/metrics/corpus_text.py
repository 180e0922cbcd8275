"""What BLEU and chrF of a corpus have in common."""

from collections.abc import Sequence
from typing import Any, ClassVar

from runners.metrics.corpus_score import AT_THE_END, linearised_scores
from runners.metrics.normalise import reference_text
from runners.metrics.score import Answer, Ask, JointScores, MetricScore, Scorable, TextMetric


class CorpusTextMetric(TextMetric):
    """A score, from 0 to 100, that the texts of all answers of a run have together, as sacrebleu
    computes it with its defaults. All references of an item count.

    An answer's own value is the linearised one (`evalhub.stats.corpus`), whose mean is the score.
    An empty reference is none.
    """

    scored_together: ClassVar = True
    unit: ClassVar = "points, linearised"
    bounds: ClassVar = None
    reference_implementation: ClassVar = "sacrebleu 2.6"

    @property
    def unit_of_value(self) -> str:
        return f"points of {self.formula}, linearised"

    def counts(self, answer: str, references: Sequence[str]) -> list[float]:
        """What an answer adds, in the order of the formula's counts."""
        raise NotImplementedError

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        return self._by_all(answer, [reference])

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        return [self._by_all(answer, references) for answer, references in batch]

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        return linearised_scores(self.formula, parts)

    def _by_all(self, answer: Answer, references: Sequence[Any]) -> MetricScore:
        known = [reference for reference in references if reference is not None]
        if not known:
            return MetricScore(None, "no reference")
        try:
            texts = [text for reference in known if (text := reference_text(reference)).strip()]
        except ValueError as error:
            return MetricScore(None, str(error))
        if not texts:
            return MetricScore(None, "the reference is empty")
        return MetricScore(None, AT_THE_END, parts=self.counts(answer.text, texts))

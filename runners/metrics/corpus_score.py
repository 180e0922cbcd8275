"""Score of all documents together."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from evalhub.stats.corpus_counts import COUNTS, FALLING, RISING
from runners.metrics.score import Answer, JointScores, MetricDeclaration, MetricScore

AT_THE_END = "scored when all answers are there"


class CorpusScore(MetricDeclaration):
    """A score that all answers of a run have together, such as BLEU of a corpus. An answer's own
    value is the linearised one, written when the run has all its answers (`runners.together`)."""

    title: ClassVar = "Corpus score"
    measures: ClassVar = "what all outputs score together"
    reference_implementation: ClassVar = "sacrebleu 2.6 and lm-evaluation-harness 0.4.13"
    not_for: ClassVar = (
        "to tell the worth of one answer: its own value is only its part of the whole"
    )
    also_needs: ClassVar = "counts of a whole set, recorded"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False
    recorded_alone: ClassVar = True
    scored_together: ClassVar = True
    unit: ClassVar = "points, linearised"
    bounds: ClassVar = None

    name: Literal["corpus_score"] = "corpus_score"
    of: str = Field(
        alias="score",
        min_length=1,
        title="Score of the whole set",
        description=f"which: {', '.join((*RISING, *FALLING))}; of a filter's, SCORE,FILTER",
    )

    @field_validator("of")
    @classmethod
    def _has_a_formula(cls, score: str) -> str:
        formulas = (*RISING, *FALLING)
        if score.partition(",")[0] not in formulas:
            raise ValueError(f"is none of {', '.join(formulas)}")
        return score

    @property
    def formula(self) -> str:
        """Its name in `evalhub.stats.corpus`."""
        return self.of.partition(",")[0]

    @property
    def rises(self) -> bool:
        return self.formula in RISING

    @property
    def unit_of_value(self) -> str:
        return f"points of {self.of}, linearised"

    @property
    def counts(self) -> list[str]:
        """The names of the counts among an answer's `scores`, in the order of the formula's."""
        return [f"{self.of}.{count}" for count in COUNTS[self.formula]]

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        scores = answer.scores or {}
        if missing := [name for name in self.counts if name not in scores]:
            return MetricScore(None, f"no count {missing[0]!r} came with the answer")
        return MetricScore(None, AT_THE_END, parts=[float(scores[name]) for name in self.counts])

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        return linearised_scores(self.formula, parts)


def linearised_scores(formula: str, counts: Sequence[Sequence[float]]) -> JointScores:
    """The score that all answers have together, and each answer's linearised one, by the counts of
    each. `formula` is its name in `evalhub.stats.corpus`. Raises StatisticsError."""
    from evalhub.stats.corpus import corpus_score  # numpy, which few metrics need

    result = corpus_score(formula, counts)
    return JointScores(result.value, result.scores.tolist())

"""Context precision: whether the relevant passages come first."""

from typing import Any, ClassVar, Literal

from runners.metrics.passages import FirstPassages, relevant_in_order
from runners.metrics.score import Answer, MetricDeclaration, MetricScore


class ContextPrecision(MetricDeclaration):
    """Mean precision at the places of the relevant passages, of those an answer was given.

    With v(i) = 1 where passage i is relevant, else 0, and precision@i = (v(1) + … + v(i))/i:
    the sum of precision@i · v(i) over the sum of v(i). It is 0 where none is relevant. This is the
    context precision of RAGAS (Es et al. 2024, arXiv 2309.15217; `_calculate_average_precision`),
    without the 1e-10 in its denominator, and scikit-learn's `average_precision_score`.
    """

    title: ClassVar = "Context precision"
    measures: ClassVar = "how early the relevant passages come among those given"
    reference_implementation: ClassVar = (
        "scikit-learn 1.9 (average_precision_score), RAGAS's formula"
    )
    not_for: ClassVar = "to tell whether all relevant passages were found: take context_recall"
    also_needs: ClassVar = "the item's `relevant`"
    normalisation: ClassVar = "how passages are scored; their texts"
    needs_reference: ClassVar = False
    reads_passages: ClassVar = True
    reads_relevance: ClassVar = True

    name: Literal["context_precision"] = "context_precision"
    k: FirstPassages = None

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        relevant, _ = relevant_in_order(answer, self.k)
        places = [place for place, is_relevant in enumerate(relevant, 1) if is_relevant]
        if not places:
            return MetricScore(0.0, "none of the passages is relevant")
        precisions = [count / place for count, place in enumerate(places, 1)]
        return MetricScore(sum(precisions) / len(precisions))

"""Context recall: how many of the relevant passages were found."""

from typing import Any, ClassVar, Literal

from runners.metrics.passages import FirstPassages, relevant_in_order
from runners.metrics.score import Answer, MetricDeclaration, MetricScore


class ContextRecall(MetricDeclaration):
    """The share of the item's relevant passages that are among those an answer was given.

    As RAGAS's context recall by ids (`IDBasedContextRecall`), and recall@k of retrieval.
    """

    title: ClassVar = "Context recall"
    measures: ClassVar = "how many of the relevant passages were given"
    reference_implementation: ClassVar = "scikit-learn 1.9 (recall_score)"
    not_for: ClassVar = (
        "items that name only some of their relevant passages: the others don't count"
    )
    also_needs: ClassVar = "the item's `relevant`"
    normalisation: ClassVar = "the passages' order; their texts"
    needs_reference: ClassVar = False
    reads_passages: ClassVar = True
    reads_relevance: ClassVar = True

    name: Literal["context_recall"] = "context_recall"
    k: FirstPassages = None

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        relevant, named = relevant_in_order(answer, self.k)
        return MetricScore(sum(relevant) / named)

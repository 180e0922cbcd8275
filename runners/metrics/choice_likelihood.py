"""Whether the model finds the right choice the likeliest."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.choices import choice_likelihoods, right_choice
from runners.metrics.score import Answer, MetricDeclaration, MetricScore

_LENGTHS: dict[str, Callable[[str], int]] = {
    "sum": lambda choice: 1,
    "character": len,
    "byte": lambda choice: len(choice.encode()),
}


class ChoiceLikelihood(MetricDeclaration):
    """1 where the right one of an item's choices is the likeliest after the prompt, else 0.

    By the sum of log-probabilities (lm-evaluation-harness calls it acc), or by that sum over the
    choice's characters (acc_norm) or UTF-8 bytes (acc_bytes), which takes from short choices the
    lead that they have for their length alone. Of equals the first counts.
    """

    title: ClassVar = "Likeliest choice"
    measures: ClassVar = "whether the right choice is the likeliest"
    reference_implementation: ClassVar = "lm-evaluation-harness 0.4.13 (acc, acc_norm, acc_bytes)"
    not_for: ClassVar = (
        "to tell what a model writes in use: a choice that is likeliest may never be written"
    )
    normalisation: ClassVar = "none"
    reads_choices: ClassVar = True
    binary: ClassVar = True

    name: Literal["choice_likelihood"] = "choice_likelihood"
    per: Literal["sum", "character", "byte"] = Field(
        "sum", description="what a choice's log-probability is divided by"
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        choices, sums = choice_likelihoods(answer)
        right = right_choice(choices, reference)
        length = _LENGTHS[self.per]
        values = [each / length(choice) for each, choice in zip(sums, choices, strict=True)]
        return MetricScore(float(values.index(max(values)) == right))

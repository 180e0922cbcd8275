"""How likely the model finds the right text."""

from typing import Any, ClassVar, Literal

from runners.metrics.choices import choice_likelihoods, right_choice
from runners.metrics.score import Answer, MetricDeclaration, MetricScore


class LikelihoodPerByte(MetricDeclaration):
    """The log-probability (nats) of the right one of an item's choices, by its UTF-8 bytes.

    exp(−mean) of an item with one choice is its perplexity a byte; by tokens, models with other
    tokenizers couldn't be compared.
    """

    title: ClassVar = "Log-likelihood a byte"
    measures: ClassVar = "how likely the model finds the right text"
    reference_implementation: ClassVar = (
        "lm-evaluation-harness 0.4.13 (byte_perplexity, of one item)"
    )
    not_for: ClassVar = "to tell how good an answer is: likely text isn't right text"
    normalisation: ClassVar = "none"
    reads_choices: ClassVar = True
    unit: ClassVar = "nats"
    bounds: ClassVar = None

    name: Literal["likelihood_per_byte"] = "likelihood_per_byte"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        choices, sums = choice_likelihoods(answer)
        right = right_choice(choices, reference)
        return MetricScore(sums[right] / len(choices[right].encode()))

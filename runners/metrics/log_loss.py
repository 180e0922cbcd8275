"""How many bits a byte of held text costs the model."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from runners.metrics.corpus_score import AT_THE_END
from runners.metrics.score import Answer, JointScores, MetricDeclaration, MetricScore


class LogLoss(MetricDeclaration):
    """Bits a byte of text that the model reads and doesn't answer: the sum over all texts of
    -log2 p(token | what stands before it in the text), by the UTF-8 bytes of all texts.

    Gao et al. 2020 (The Pile, arXiv 2101.00027) compare models of different tokenizers so;
    lm-evaluation-harness calls it bits_per_byte. The text is read as it is: no system prompt, no
    template. Its first token is conditioned on the token that begins every text.
    """

    title: ClassVar = "Log loss"
    measures: ClassVar = "how many bits a byte of text costs the model"
    also_needs: ClassVar = "the text's log-probability"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False
    scores_texts: ClassVar = True
    reads_question: ClassVar = True
    scored_together: ClassVar = True
    higher_is_better: ClassVar = False
    unit: ClassVar = "bits per byte"
    bounds: ClassVar = None
    reference_implementation: ClassVar = "lm-evaluation-harness 0.4.13 (bits_per_byte)"
    not_for: ClassVar = (
        "answers: it says nothing of what a model answers, and rises with a fine-tune to a format "
        "whose answers stay as good"
    )

    name: Literal["log_loss"] = "log_loss"

    @property
    def of_form(self) -> bool:
        return False

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        if answer.logprob is None:
            raise ValueError("the model didn't say how likely the text is")
        if not (size := len(answer.asked.encode())):
            raise ValueError("the item has no text any more")
        return MetricScore(None, AT_THE_END, parts=[answer.logprob, size])

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        from evalhub.stats.corpus import ratio_score  # numpy, which no other metric needs

        result = ratio_score(
            [-logprob / math.log(2) for logprob, _ in parts], [size for _, size in parts]
        )
        return JointScores(result.value, result.scores.tolist())

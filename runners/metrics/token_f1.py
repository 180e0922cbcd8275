"""Token F1."""

from collections import Counter
from typing import Any, ClassVar, Literal

from runners.metrics.normalise import normalise, reference_text
from runners.metrics.score import Answer, MetricScore, TextMetric


class TokenF1(TextMetric):
    """F1, 0 to 1, of the words that output and reference share, as SQuAD computes it.

    The harmonic mean of precision and recall over words counted as often as they occur
    (Rajpurkar et al. 2016, arXiv:1606.05250); two texts without words are alike (SQuAD 2.0).
    """

    title: ClassVar = "Token F1"
    measures: ClassVar = "how many words output and reference share"
    reference_implementation: ClassVar = "SQuAD 1.1's F1"
    not_for: ClassVar = (
        'long answers, and where order or a negation matters: "not safe" and "safe" share '
        "most words"
    )
    normalisation: ClassVar = "capitals, punctuation, articles, white space (SQuAD's)"

    name: Literal["token_f1"] = "token_f1"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        actual, wanted = (
            normalise(text, lower=True, punctuation=True, articles=True).split()
            for text in (answer.text, reference_text(reference))
        )
        if not actual or not wanted:
            return MetricScore(float(actual == wanted))
        shared = (Counter(actual) & Counter(wanted)).total()
        return MetricScore(2 * shared / (len(actual) + len(wanted)))

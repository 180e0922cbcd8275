"""Token F1."""

from collections import Counter
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.normalise import reference_text
from runners.metrics.score import Answer, MetricScore
from runners.metrics.words import WordMetric, squad_words, unicode_answer_words

_RULES = {"squad": squad_words, "unicode": unicode_answer_words}


class TokenF1(WordMetric):
    """F1, 0 to 1, of the words that output and reference share, as SQuAD computes it.

    The harmonic mean of precision and recall over words counted as often as they occur
    (Rajpurkar et al. 2016, arXiv:1606.05250); two texts without words are alike (SQuAD 2.0).
    """

    title: ClassVar = "Token F1"
    measures: ClassVar = "how many words output and reference share"
    normalisation: ClassVar = "capitals, punctuation, articles, white space (SQuAD's)"
    reference_implementation: ClassVar = "SQuAD's and MLQA's evaluation scripts"
    not_for: ClassVar = (
        'long answers, and where order or a negation matters: "not safe" and "safe" share most '
        "words; Chinese, Japanese or Thai unless `tokenize: unicode`"
    )

    name: Literal["token_f1"] = "token_f1"
    tokenize: Literal["squad", "unicode"] = Field(
        "squad",
        title="Which rule makes words",
        description="the rule by which a text becomes words",
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        rule = _RULES[self.tokenize]
        actual, wanted = rule(answer.text), rule(reference_text(reference))
        if not actual or not wanted:
            return MetricScore(float(actual == wanted))
        shared = (Counter(actual) & Counter(wanted)).total()
        return MetricScore(2 * shared / (len(actual) + len(wanted)))

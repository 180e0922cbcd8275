"""ROUGE-L."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from runners.metrics.normalise import reference_text
from runners.metrics.score import Answer, MetricScore, TextMetric

_WORD = re.compile(r"\w+")


class RougeL(TextMetric):
    """F1, 0 to 1, of the longest common subsequence of words (Lin 2004, "ROUGE", with beta = 1)."""

    title: ClassVar = "ROUGE-L"
    measures: ClassVar = "how long a sequence of words output and reference share"
    reference_implementation: ClassVar = "rouge-score 0.1.2 (rougeL, no stemmer)"
    not_for: ClassVar = (
        "languages without spaces between words, and to tell whether facts are right"
    )
    normalisation: ClassVar = "capitals, all that is no letter, digit or underscore"

    name: Literal["rouge_l"] = "rouge_l"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        actual, wanted = (
            _WORD.findall(text.lower()) for text in (answer.text, reference_text(reference))
        )
        if not wanted:
            return MetricScore(None, "the reference has no words")
        return MetricScore(2 * common(actual, wanted) / (len(actual) + len(wanted)))


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, by bits of one integer.

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited": a long answer costs one addition
    a word instead of a row of a table.
    """
    positions_by_word: dict[str, int] = {}
    for index, word in enumerate(one):
        positions_by_word[word] = positions_by_word.get(word, 0) | 1 << index
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        matches = row & positions_by_word.get(word, 0)
        row = (row + matches | row - matches) & full
    return len(one) - row.bit_count()

"""Repetition."""

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.score import Answer, MetricScore, TextMetric

# A word; a long one, and one of a script without spaces, letter by letter.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|\w{1,24}|[^\w\s]")


class Repetition(TextMetric):
    """The share of the output's runs of words that stood in it before: seq-rep-n."""

    title: ClassVar = "Repetition"
    measures: ClassVar = "how much the output repeats its own words"
    reference_implementation: ClassVar = "own rule: Welleck et al. 2020's formula (seq-rep-n)"
    not_for: ClassVar = "code, tables and JSON, which repeat by their form"
    normalisation: ClassVar = "capitals, white space"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False

    name: Literal["repetition"] = "repetition"
    words: int = Field(
        4, ge=1, le=20, title="Words in a run", description="how many words make a run"
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        return MetricScore(share_of_repeats(_WORD.findall(answer.text.lower()), self.words))


def share_of_repeats(words: list[str], n: int) -> float:
    """1 − distinct n-grams / n-grams (seq-rep-n, Welleck et al. 2020, arXiv:1908.04319); 0 of fewer
    words than that."""
    runs = list(zip(*(words[start:] for start in range(n)), strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0

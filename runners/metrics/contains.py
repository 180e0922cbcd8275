"""Contains."""

from typing import Any

from runners.metrics.normalise import normalise, reference_text
from runners.metrics.score import Answer, MetricScore


def contains(answer: Answer, reference: Any, *, lower: bool = False) -> MetricScore:
    """1 where the reference, without white space at its ends, stands in the output, else 0."""
    wanted = normalise(reference_text(reference), lower=lower)
    if not wanted:
        return MetricScore(None, "the reference is empty: every output contains it")
    return MetricScore(float(wanted in normalise(answer.text, lower=lower)))

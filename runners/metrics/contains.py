"""Contains."""

from typing import Any

from runners.metrics.normalise import normalise, reference_text
from runners.metrics.score import Answer, Score


def contains(answer: Answer, reference: Any, *, lower: bool = False) -> Score:
    """1 where the reference, without white space at its ends, stands in the output, else 0."""
    wanted = normalise(reference_text(reference), lower=lower)
    if not wanted:
        return Score(None, "the reference is empty: every output contains it")
    return Score(float(wanted in normalise(answer.text, lower=lower)))

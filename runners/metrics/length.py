"""Length."""

from typing import Any

from runners.metrics.score import Answer, Score


def length(answer: Answer, reference: Any) -> Score:
    """Characters (Unicode code points) of the output, without white space at its ends."""
    return Score(float(len(answer.text.strip())))

"""Length."""

from typing import Any

from runners.metrics.score import Answer, MetricScore


def length(answer: Answer, reference: Any) -> MetricScore:
    """Characters (Unicode code points) of the output, without white space at its ends."""
    return MetricScore(float(len(answer.text.strip())))

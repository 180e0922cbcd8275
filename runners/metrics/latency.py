"""Latency."""

import math
from typing import Any

from runners.metrics.score import Answer, Score


def latency(answer: Answer, reference: Any) -> Score:
    """Milliseconds from asking to the whole answer; unscored where nobody recorded them."""
    if answer.latency_ms is None:
        return Score(None, "no latency was recorded")
    if not math.isfinite(answer.latency_ms):
        return Score(None, f"the recorded latency is {answer.latency_ms}")
    return Score(float(answer.latency_ms))

"""Latency."""

import math
from typing import Any

from runners.metrics.score import Answer, MetricScore


def latency(answer: Answer, reference: Any) -> MetricScore:
    """Milliseconds from asking to the whole answer; unscored where nobody recorded them."""
    if answer.latency_ms is None:
        return MetricScore(None, "no latency was recorded")
    if not math.isfinite(answer.latency_ms):
        return MetricScore(None, f"the recorded latency is {answer.latency_ms}")
    return MetricScore(float(answer.latency_ms))

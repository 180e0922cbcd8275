"""Latency."""

import math
from typing import Any, ClassVar, Literal

from runners.metrics.score import Answer, MetricDeclaration, MetricScore


class Latency(MetricDeclaration):
    """Milliseconds from asking to the whole answer; unscored where nobody recorded them."""

    title: ClassVar = "Latency"
    measures: ClassVar = "how long the answer took"
    reference_implementation: ClassVar = "as recorded"
    not_for: ClassVar = "runs under another load or on another machine"
    also_needs: ClassVar = "the latency, recorded"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False
    unit: ClassVar = "ms"
    bounds: ClassVar = None

    name: Literal["latency"] = "latency"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        if answer.latency_ms is None:
            return MetricScore(None, "no latency was recorded")
        if not math.isfinite(answer.latency_ms):
            return MetricScore(None, f"the recorded latency is {answer.latency_ms}")
        return MetricScore(float(answer.latency_ms))

"""Regex match."""

from typing import Any

from runners.metrics.pattern import TOO_SLOW, compiled, found
from runners.metrics.score import Answer, MetricScore


def regex_match(answer: Answer, reference: Any, *, pattern: Any = None) -> MetricScore:
    """1 where the pattern occurs in the output, else 0. Without `pattern` the reference is it."""
    if pattern is None:
        try:
            pattern = compiled(reference)
        except (TypeError, ValueError) as error:
            return MetricScore(None, f"the reference is no pattern: {error}")
    try:
        return MetricScore(float(found(pattern, answer.text)))
    except TimeoutError:
        return MetricScore(None, f"the pattern {TOO_SLOW}")

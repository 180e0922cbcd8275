"""Exact match."""

from typing import Any

from runners.metrics.normalise import normalise, reference_text
from runners.metrics.score import Answer, MetricScore


def exact_match(
    answer: Answer,
    reference: Any,
    *,
    lower: bool = False,
    punctuation: bool = False,
    articles: bool = False,
) -> MetricScore:
    """1 where output and reference are the same text once both are normalised, else 0."""
    given, wanted = (
        normalise(text, lower=lower, punctuation=punctuation, articles=articles)
        for text in (answer.text, reference_text(reference))
    )
    return MetricScore(float(given == wanted))

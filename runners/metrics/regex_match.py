"""Regex match."""

from typing import Any

from runners.metrics.pattern import TOO_SLOW, compiled, found
from runners.metrics.score import Answer, Score


def regex_match(answer: Answer, reference: Any, *, pattern: Any = None) -> Score:
    """1 where the pattern occurs in the output, else 0. Without `pattern` the reference is it."""
    if pattern is None:
        try:
            pattern = compiled(reference)
        except (TypeError, ValueError) as error:
            return Score(None, f"the reference is no pattern: {error}")
    try:
        return Score(float(found(pattern, answer.text)))
    except TimeoutError:
        return Score(None, f"the pattern {TOO_SLOW}")

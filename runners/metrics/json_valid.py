"""JSON valid."""

from typing import Any

from evalhub.files.rows import JsonError, parse_json
from runners.metrics.score import Answer, MetricScore

_KINDS = {"any": object, "object": dict, "array": list}


def json_valid(answer: Answer, reference: Any, *, root: str = "any") -> MetricScore:
    """1 where the output is strict JSON with that kind at its root, else 0 and why."""
    try:
        value = parse_json(answer.text)
    except JsonError as flaw:
        return MetricScore(0.0, str(flaw))
    if not isinstance(value, _KINDS[root]):
        return MetricScore(0.0, f"the output is JSON, but no {root}")
    return MetricScore(1.0)

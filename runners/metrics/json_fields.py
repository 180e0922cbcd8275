"""JSON fields."""

from collections.abc import Sequence
from typing import Any

from evalhub.files.rows import JsonError, parse_json
from runners.metrics.score import Answer, MetricScore

_ABSENT = object()


def json_fields(
    answer: Answer, reference: Any, *, fields: Sequence[str] = (), strict: bool = False
) -> MetricScore:
    """The share of the reference's fields, 0 to 1, that the output has with an equal value.

    `fields` names those that count, `a.b` inside an object; else all at the top. `strict` counts
    each field at the top of the output that the reference lacks as one more that is wrong.
    """
    try:
        wanted = parse_json(reference) if isinstance(reference, str) else reference
    except JsonError as flaw:
        return MetricScore(None, f"the reference is not JSON: {flaw}")
    if not isinstance(wanted, dict) or not wanted:
        return MetricScore(None, "the reference is no JSON object with fields")
    names = [(name, name.split(".")) for name in fields] or [(name, [name]) for name in wanted]
    lacking = [name for name, path in names if _reach(wanted, path) is _ABSENT]
    if lacking:
        return MetricScore(None, f"the reference has no field '{lacking[0]}'")
    try:
        given = parse_json(answer.text)
    except JsonError as flaw:
        return MetricScore(0.0, str(flaw))
    if not isinstance(given, dict):
        return MetricScore(0.0, "the output is JSON, but no object")
    wrong = [name for name, path in names if not _equal(_reach(given, path), _reach(wanted, path))]
    extra = [name for name in given if name not in wanted] if strict else []
    share = (len(names) - len(wrong)) / (len(names) + len(extra))
    return MetricScore(share, f"wrong: {', '.join(wrong + extra)[:200]}" if wrong or extra else "")


def _reach(value: Any, path: list[str]) -> Any:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return _ABSENT
        value = value[part]
    return value


def _equal(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, but true is not 1, which Python would have it be."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(_equal, one, other))
        case _:
            return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)

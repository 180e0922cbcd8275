"""JSON fields."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from evalhub.io.json_values import JsonError, json_in, parse_json, same_json
from runners.metrics.score import Answer, MetricScore, TextMetric

_ABSENT = object()


class JsonFields(TextMetric):
    """The share of the reference's fields, 0 to 1, that the output has with an equal value.

    `strict` counts each field at the top of the output that the reference lacks as one more that
    is wrong.
    """

    title: ClassVar = "JSON fields"
    measures: ClassVar = "how many of the right fields the output has"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "long texts in fields: one other word makes a field wrong"
    normalisation: ClassVar = "order of fields, 1 and 1.0"

    name: Literal["json_fields"] = "json_fields"
    fields: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        title="Fields that count",
        description="fields that count, `a.b` inside; else all at the top",
    )
    strict: bool = Field(
        False,
        title="Other fields count as wrong",
        description="count the output's surplus fields as wrong",
    )

    def part_compared(self, answer: Answer) -> str | None:
        return json_in(answer.text)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        try:
            wanted = parse_json(reference) if isinstance(reference, str) else reference
        except JsonError as flaw:
            return MetricScore(None, f"the reference is not JSON: {flaw}")
        if not isinstance(wanted, dict) or not wanted:
            return MetricScore(None, "the reference is no JSON object with fields")
        names = [(field, field.split(".")) for field in self.fields]
        names = names or [(name, [name]) for name in wanted]
        lacking = [name for name, path in names if _reach(wanted, path) is _ABSENT]
        if lacking:
            return MetricScore(None, f"the reference has no field '{lacking[0]}'")
        try:
            actual = parse_json(answer.text)
        except JsonError as flaw:
            return MetricScore(0.0, str(flaw))
        if not isinstance(actual, dict):
            return MetricScore(0.0, "the output is JSON, but no object")
        wrong = [
            name
            for name, path in names
            if not same_json(_reach(actual, path), _reach(wanted, path))
        ]
        extra = [name for name in actual if name not in wanted] if self.strict else []
        share = (len(names) - len(wrong)) / (len(names) + len(extra))
        reason = f"wrong: {', '.join(wrong + extra)[:200]}" if wrong or extra else ""
        return MetricScore(share, reason)


def _reach(value: Any, path: list[str]) -> Any:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return _ABSENT
        value = value[part]
    return value

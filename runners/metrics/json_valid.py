"""JSON valid."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from evalhub.io.json_values import JsonError, json_in, parse_json
from runners.metrics.score import Answer, MetricScore, TextMetric

_KINDS = {"any": object, "object": dict, "array": list}


class JsonValid(TextMetric):
    """1 where the output is strict JSON with that kind at its root, else 0 and why."""

    title: ClassVar = "JSON valid"
    measures: ClassVar = "whether the output is JSON"
    reference_implementation: ClassVar = "Python's json, and stricter"
    not_for: ClassVar = "to tell whether the values are right: take json_fields or json_schema"
    normalisation: ClassVar = "white space at the ends"
    needs_reference: ClassVar = False
    binary: ClassVar = True

    name: Literal["json_valid"] = "json_valid"
    root: Literal["any", "object", "array"] = Field(
        "any", title="What the JSON must be", description="what the JSON must be"
    )

    def part_compared(self, answer: Answer) -> str | None:
        return json_in(answer.text)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        try:
            value = parse_json(answer.text)
        except JsonError as flaw:
            return MetricScore(0.0, str(flaw))
        if not isinstance(value, _KINDS[self.root]):
            return MetricScore(0.0, f"the output is JSON, but no {self.root}")
        return MetricScore(1.0)

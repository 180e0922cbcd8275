"""Tool call match."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from evalhub.io.json_values import parse_json, same_json
from evalhub.io.tools import call_text, calls_of
from runners.metrics.score import Answer, MetricDeclaration, MetricScore

Call = dict[str, Any]


class ToolCallMatch(MetricDeclaration):
    """1 where the answer calls the tools that a reference calls, and no other, else 0."""

    title: ClassVar = "Tool call match"
    measures: ClassVar = "whether the right tools are called, and no other"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "tasks that several sequences of calls fulfil: judge what came of them"
    also_needs: ClassVar = "tool calls, recorded"
    normalisation: ClassVar = "what is said beside; 1 and 1.0"
    binary: ClassVar = True

    name: Literal["tool_call_match"] = "tool_call_match"
    arguments: Literal["exact", "given", "ignored"] = Field(
        "exact",
        title="Arguments",
        description="whether arguments must be the same, may be more than those given in the "
        "reference, or aren't looked at",
    )
    ordered: bool = Field(
        False,
        title="The order of calls counts",
        description="whether the order of several calls counts",
    )

    def part_compared(self, answer: Answer) -> str | None:
        return _calls_text(answer.tool_calls) if answer.tool_calls else None

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        right = parse_json(reference) if isinstance(reference, str) else reference
        wanted = calls_of([right] if isinstance(right, dict) else right) or []
        calls = list(answer.tool_calls or ())
        if self._match(calls, wanted):
            return MetricScore(1.0)
        return MetricScore(
            0.0, f"calls {_calls_text(calls)} in place of {_calls_text(wanted)}"[:300]
        )

    def _match(self, calls: Sequence[Call], wanted: Sequence[Call]) -> bool:
        if len(calls) != len(wanted):
            return False
        if self.ordered:
            return all(map(self._same, calls, wanted))
        return _pairs_up([[self._same(one, reference) for reference in wanted] for one in calls])

    def _same(self, call: Call, wanted: Call) -> bool:
        if call["name"] != wanted["name"]:
            return False
        actual, right = call["arguments"], wanted["arguments"]
        if self.arguments == "ignored":
            return True
        if self.arguments == "exact" or not (isinstance(actual, dict) and isinstance(right, dict)):
            return same_json(actual, right)
        return all(name in actual and same_json(actual[name], each) for name, each in right.items())


def _pairs_up(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether each row can have a column of its own that fits (Kuhn's augmenting paths)."""
    owner: dict[int, int] = {}

    def assign(row: int, tried: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in tried:
                tried.add(column)
                if column not in owner or assign(owner[column], tried):
                    owner[column] = row
                    return True
        return False

    return all(assign(row, set()) for row in range(len(fits)))


def _calls_text(calls: Sequence[Call]) -> str:
    return " and ".join(call_text(call)[:100] for call in calls[:3]) or "nothing"

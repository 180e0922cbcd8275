"""Regex match."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from runners.metrics.score import Answer, MetricScore, TextMetric


class RegexMatch(TextMetric):
    """1 where the pattern occurs in the output, else 0. Without `pattern` the reference is it."""

    title: ClassVar = "Regex match"
    measures: ClassVar = "whether a pattern occurs in the output"
    reference_implementation: ClassVar = "Python's re"
    not_for: ClassVar = "what is right by its meaning and not by its form"
    normalisation: ClassVar = "none"
    binary: ClassVar = True
    instead: ClassVar = "pattern"
    apart: ClassVar = True

    name: Literal["regex_match"] = "regex_match"
    pattern: str | None = Field(
        None, title="Pattern that must match", description="the pattern; else each reference is one"
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, source: str | None) -> str | None:
        if source is not None:
            from runners.metrics.pattern import groups_of

            groups_of(source)
        return source

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        from runners.metrics.pattern import TOO_SLOW, compile_pattern, occurs

        try:
            pattern = compile_pattern(reference if self.pattern is None else self.pattern)
        except (TypeError, ValueError) as error:
            return MetricScore(None, f"the reference is no pattern: {error}")
        try:
            return MetricScore(float(occurs(pattern, answer.text)))
        except TimeoutError:
            return MetricScore(None, f"the pattern {TOO_SLOW}")

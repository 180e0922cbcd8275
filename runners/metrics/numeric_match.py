"""Numeric match."""

import math
import re
from collections import deque
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.score import Answer, MetricScore, TextMetric

# A sign counts as one only where no operand stands before it: the last number of "16-3" is 3.
_NUMBER = re.compile(
    r"""(?P<sign>(?<![\w.,)\]%])[-+\u2212])?
        [$€£¥]?
        (?P<whole>\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))
        (?P<rest>(?:\.\d+)?(?:[eE][-+]?\d+)?)""",
    re.VERBOSE,
)


class NumericMatch(TextMetric):
    """1 where the output's last number is within the tolerance of the reference, else 0.

    `tolerance` is absolute, in the number's own unit; `relative` is a share of the larger of the
    two; the wider of both holds (math.isclose).
    """

    title: ClassVar = "Numeric match"
    measures: ClassVar = "whether the last number of the output is the right one"
    reference_implementation: ClassVar = "own rule; beside it GSM8K's published verdicts"
    not_for: ClassVar = "an answer that gives its working after the result, or several numbers"
    normalisation: ClassVar = (
        "all but the last number; its thousands separators, currency and per cent signs"
    )
    binary: ClassVar = True

    name: Literal["numeric_match"] = "numeric_match"
    tolerance: float = Field(
        1e-6,
        ge=0,
        title="Largest difference that counts as equal",
        description="difference still taken as equal",
    )
    relative: float = Field(
        0.0,
        ge=0,
        title="Largest difference, as a share",
        description="the same, as a share of the larger number",
    )

    def part_compared(self, answer: Answer) -> str | None:
        number = last_number(answer.text)
        return None if number is None else f"{number:.15g}"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        wanted = _reference(reference)
        if wanted is None:
            return MetricScore(None, f"the reference is not a number: {str(reference)[:60]!r}")
        number = last_number(answer.text)
        if number is None:
            return MetricScore(0.0, "no number in the output")
        if not math.isfinite(number):
            return MetricScore(0.0, "the output's last number is too large to compare")
        close = math.isclose(number, wanted, rel_tol=self.relative, abs_tol=self.tolerance)
        return MetricScore(float(close))


def last_number(text: str) -> float | None:
    """The last number written in a text: `$1,234.50`, `-5`, `.5`, `1e3`; of `45%` it is 45."""
    last = deque(_NUMBER.finditer(text), maxlen=1)
    return _value(last[0]) if last else None


def _reference(reference: Any) -> float | None:
    """The number that a reference is, the whole of it, or None."""
    if isinstance(reference, str):
        match = _NUMBER.fullmatch(reference.strip().removesuffix(".").removesuffix("%"))
        number = None if match is None else _value(match)
    elif isinstance(reference, int | float) and not isinstance(reference, bool):
        number = _value(str(reference))
    else:
        number = None
    return number if number is not None and math.isfinite(number) else None


def _value(written: re.Match[str] | str) -> float:
    if isinstance(written, str):
        return float(written)
    sign = "-" if written["sign"] in ("-", "\u2212") else ""
    return float(sign + written["whole"].replace(",", "") + written["rest"])

"""General-capability suites of our own: small skills, generated from a seed, checked exactly.

They are easy on purpose: a model can only be seen to lose what it has. A suite is one file with
`generate(seed, n)`, and one line in SUITES.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runners.suites import (
    arithmetic,
    copying,
    counting,
    dates,
    facts,
    formats,
    reading,
    sorting,
)
from runners.suites.items import SuiteItem

__all__ = ["SUITES", "Suite", "SuiteItem"]


@dataclass(frozen=True)
class Suite:
    """A skill: its generator, the metric that checks an answer, and where in it the answer is.

    `extract` is a pattern whose last match's first group is scored; None scores the whole output.
    """

    summary: str
    generate: Callable[[int, int], list[SuiteItem]]
    metric: str
    extract: str | None = None


SUITES = {
    "arithmetic": Suite("sums and products", arithmetic.generate, "numeric_match"),
    "copying": Suite("repeat, or change one thing", copying.generate, "exact_match"),
    "counting": Suite("count up, how many", counting.generate, "exact_match", counting.PATTERN),
    "dates": Suite("days and months", dates.generate, "exact_match", dates.PATTERN),
    "facts": Suite("opposites, capitals", facts.generate, "contains"),
    "formats": Suite("write it as asked", formats.generate, "exact_match", formats.PATTERN),
    "reading": Suite("the answer is in the text", reading.generate, "exact_match", reading.PATTERN),
    "sorting": Suite("put in order", sorting.generate, "exact_match", sorting.PATTERN),
}

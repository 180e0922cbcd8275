"""Tests of code."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.code_fence import code_of
from runners.metrics.score import Answer, Ask, MetricDeclaration, MetricScore, Scorable
from runners.sandbox.bounds import Bounds
from runners.sandbox.verdicts import verdicts

PYTHON = ("python", "python3", "py")
REFERENCE = (
    "the reference is the text of tests, or an object with `test` and, where it has them, "
    "`entry_point` and `prompt`, all of them texts"
)

SandboxSeconds = Annotated[
    float,
    Field(
        gt=0,
        le=120,
        title="Seconds",
        description="of the clock, and of computing of each process, that one answer may take",
    ),
]


class CodeTests(MetricDeclaration):
    """1 where the answer's Python passes the reference's tests, else 0 with what failed.

    Both run in the sandbox (`runners.sandbox`), with the standard library alone. Of several
    references, any whose tests pass will do.
    """

    title: ClassVar = "Tests of code"
    normalisation: ClassVar = "what is said around the last fenced block of Python"
    binary: ClassVar = True
    sandboxed: ClassVar = True

    name: Literal["code_tests"] = "code_tests"
    seconds: SandboxSeconds = 10.0

    def part_compared(self, answer: Answer) -> str | None:
        return code_of(answer.text, PYTHON)

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        return code_scores(batch, self.seconds)


def code_scores(batch: Sequence[Scorable], seconds: float) -> list[MetricScore]:
    """1 for each answer whose code passes the tests of one of its references, else 0 with a reason;
    unscored where no reference has tests that can be run."""
    bounds = Bounds(seconds=seconds)
    tasks, owners = [], []
    scores: list[list[MetricScore]] = [[] for _ in batch]
    for position, (answer, references) in enumerate(batch):
        for reference in references:
            try:
                tasks.append({"answer": code_of(answer.text, PYTHON), **_tests_of(reference)})
                owners.append(position)
            except ValueError as flaw:
                scores[position].append(MetricScore(None, str(flaw)))
    for position, verdict in zip(owners, verdicts("code_tests", tasks, bounds), strict=True):
        value = None if verdict.passed is None else float(verdict.passed)
        scores[position].append(MetricScore(value, verdict.reason))
    return [best_score(each) for each in scores]


def best_score(scores: Sequence[MetricScore]) -> MetricScore:
    """The best of an answer's scores over its references; one with a value before any without."""
    if not scores:
        return MetricScore(None, "no reference")
    return max(scores, key=lambda score: -1.0 if score.value is None else score.value)


def _tests_of(reference: Any) -> dict[str, str]:
    """The test, entry point and prompt of a reference, "" for what it hasn't. Raises ValueError."""
    parts = {"test": reference} if isinstance(reference, str) else reference
    if not isinstance(parts, dict):
        raise ValueError(REFERENCE)
    tests = {name: parts.get(name) or "" for name in ("test", "entry_point", "prompt")}
    if not all(isinstance(part, str) for part in tests.values()):
        raise ValueError(REFERENCE)
    if not tests["test"].strip():
        raise ValueError("the reference has no tests")
    if tests["entry_point"] and not tests["entry_point"].isidentifier():
        raise ValueError(f"the entry point {tests['entry_point'][:40]!r} is no name")
    return tests

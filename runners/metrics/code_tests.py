"""Tests of code."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from runners.metrics.code_fence import code_of
from runners.metrics.sandboxed import SandboxSeconds, sandbox_scores
from runners.metrics.score import Answer, Ask, MetricDeclaration, MetricScore, Scorable
from runners.sandbox.bounds import SECONDS

PYTHON = ("python", "python3", "py")
REFERENCE = (
    "the reference is the text of tests, or an object with `test` and, where it has them, "
    "`entry_point` and `prompt`, all of them texts"
)


class CodeTests(MetricDeclaration):
    """1 where the answer's Python passes the reference's tests, else 0 with what failed.

    Both run in the sandbox (`runners.sandbox`), with the standard library alone. Of several
    references, any whose tests pass will do.
    """

    title: ClassVar = "Tests of code"
    measures: ClassVar = "whether the code in the output passes the reference's tests"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "code that needs more than Python's standard library, or is slow by design"
    also_needs: ClassVar = "Linux with bubblewrap"
    normalisation: ClassVar = "what is said around the last fenced block of Python"
    binary: ClassVar = True
    sandboxed: ClassVar = True

    name: Literal["code_tests"] = "code_tests"
    seconds: SandboxSeconds = SECONDS

    def part_compared(self, answer: Answer) -> str | None:
        return code_of(answer.text, PYTHON)

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        return code_scores(batch, self.seconds)


def code_scores(batch: Sequence[Scorable], seconds: float) -> list[MetricScore]:
    """The scores of `code_tests`."""
    return sandbox_scores("code_tests", batch, _task, seconds)


def _task(answer: Answer, reference: Any) -> dict[str, Any]:
    return {"answer": code_of(answer.text, PYTHON), **_tests_of(reference)}


def _object_in(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _tests_of(reference: Any) -> dict[str, str]:
    """The test, entry point and prompt of a reference, "" for what it hasn't. Raises ValueError."""
    parts = reference
    if isinstance(reference, str):  # as a program an object's JSON would pass whatever is answered
        parts = _object_in(reference) or {"test": reference}
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

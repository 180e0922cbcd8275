"""pass@k of code."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.code_fence import code_of
from runners.metrics.code_tests import PYTHON, code_scores
from runners.metrics.sandboxed import SandboxSeconds
from runners.metrics.score import (
    Answer,
    Ask,
    JointScores,
    MetricDeclaration,
    MetricScore,
    Scorable,
)
from runners.sandbox.bounds import SECONDS

AT_THE_END = "scored when all answers are there"


class PassAtK(MetricDeclaration):
    """How likely it is that one of k answers to an item passes its tests, from n answers a run has.

    The unbiased estimator 1 - C(n-c, k) / C(n, k), with c of n that pass (Chen et al. 2021,
    arXiv:2107.03374, equation 1). Each answer to an item has the item's value.
    """

    title: ClassVar = "pass@k of code"
    measures: ClassVar = "how likely it is that one of k outputs passes the reference's tests"
    reference_implementation: ClassVar = "the formula of Chen et al. (2021)"
    not_for: ClassVar = "one answer an item: `code_tests` is pass@1, with a reason for each answer"
    also_needs: ClassVar = "k answers to each item, Linux with bubblewrap"
    normalisation: ClassVar = "what is said around the last fenced block of Python"
    sandboxed: ClassVar = True
    scored_together: ClassVar = True

    name: Literal["pass_at_k"] = "pass_at_k"
    k: int = Field(
        1,
        ge=1,
        le=1000,
        title="k",
        description="how many answers to an item there are to choose from; each item needs as many",
    )
    seconds: SandboxSeconds = SECONDS

    @property
    def least_answers(self) -> int:
        return self.k

    def part_compared(self, answer: Answer) -> str | None:
        return code_of(answer.text, PYTHON)

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        return [
            score
            if score.value is None
            else replace(score, value=None, reason=AT_THE_END, parts=[int(score.value)])
            for score in code_scores(batch, self.seconds)
        ]

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        from evalhub.stats.consistency import pass_at_k  # numpy, which other metrics don't need

        passed: dict[str, list[int]] = {}
        for item, (one,) in zip(items, parts, strict=True):
            passed.setdefault(item, []).append(int(one))
        if few := next((item for item, answers in passed.items() if len(answers) < self.k), None):
            raise ValueError(
                f"pass@{self.k} needs {self.k} scored answers to each item, and item '{few}' has "
                f"{len(passed[few])}"
            )
        values = {
            item: float(pass_at_k([sum(answers)], len(answers), self.k)[0])
            for item, answers in passed.items()
        }
        return JointScores(sum(values.values()) / len(values), [values[item] for item in items])

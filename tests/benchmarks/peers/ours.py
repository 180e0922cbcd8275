"""This project's verdict, by its own functions, at the policy's defaults."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from evalhub.schemas.criteria import Criterion
from evalhub.stats.levels import ALPHA
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.measuring import measure
from evalhub.verdict.rule import decide
from tests.benchmarks.peers.scenes import Role, Suite, Word

WORDS: dict[str, Word] = {"ship": "accept", "hold": "stop", "need-more-data": "more"}


@cache
def criterion(role: Role, margin: float, baseline: bytes, candidate: bytes) -> Criterion:
    limits = {"margin": margin} if role == "guard" else {}
    return measure(
        Requirement("suite", role, "suite", "score", **limits),
        np.frombuffer(baseline),
        np.frombuffer(candidate),
        alpha=ALPHA,
        planned_gain=0.05,
    )


def judge(study: Sequence[Suite]) -> Word:
    return WORDS[decide("candidate", [criterion(*each.key) for each in study]).verdict]

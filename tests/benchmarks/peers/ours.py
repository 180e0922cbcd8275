"""This project's verdict, by its own functions, at the policy's defaults: without a ledger, and at
the level that a ledger leaves a primary's first look."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from evalhub.decision.criterion import Criterion
from evalhub.decision.levels import level_of
from evalhub.decision.measuring import measure
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from evalhub.stats.levels import ALPHA
from tests.benchmarks.peers.scenes import Role, Suite, Word

WORDS: dict[str, Word] = {"ship": "accept", "hold": "stop", "need-more-data": "more"}


@cache
def criterion(
    role: Role, margin: float, baseline: bytes, candidate: bytes, alpha: float
) -> Criterion:
    limits = {"margin": margin} if role == "guard" else {}
    return measure(
        Requirement("suite", role, "suite", "score", **limits),
        np.frombuffer(baseline),
        np.frombuffer(candidate),
        alpha=alpha,
        planned_gain=0.05,
    )


def judge(study: Sequence[Suite]) -> Word:
    return judged(study, ALPHA)


def judge_registered(study: Sequence[Suite]) -> Word:
    return judged(study, level_of(1, alpha=ALPHA))


def judged(study: Sequence[Suite], primary_alpha: float) -> Word:
    criteria = [
        criterion(*each.key, primary_alpha if each.role == "primary" else ALPHA) for each in study
    ]
    return WORDS[decide("candidate", criteria).verdict]

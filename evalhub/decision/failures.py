"""Answers that failed for good: what they score, and what came out without their items. Pure.

A model that can't answer an item ("context too long") has failed it. By a policy's `failures` the
evidence then is invalid, or the answer scores the worst that its metric has. A model's server that
can't be used is another matter: such a run is no evidence (`runners.outcome`).
"""

from dataclasses import replace

import numpy as np

from evalhub.decision.arm_scores import ArmScores
from evalhub.decision.policy import Rule
from evalhub.decision.requirements import Requirement
from evalhub.declare.declaration import default_of
from evalhub.declare.policy import FailureUse

FAILURES: FailureUse = default_of(Rule, "failures")
LOST_PAIR = "lost: no mirrored answer came"
"""The error in place of an answer that a mirror lost: whose fault that is nobody knows."""


def at_worst(requirement: Requirement, arm: ArmScores, use: FailureUse) -> ArmScores:
    """The arm's scores with the metric's worst score for each failed answer.

    As they are where failures are invalid, where none is known, or where no answer is left that
    didn't fail: then nothing was measured of this arm.
    """
    if use == "invalid" or arm.failed is None or not arm.failed.any():
        return arm
    if arm.failed.all():
        flaw = f"{arm.name} answered no item of {requirement.test_set}: nothing was measured of it"
        return replace(arm, failures=[flaw])
    if requirement.worst is None:
        return arm
    values = np.where(arm.failed, requirement.worst, arm.values)
    return replace(arm, values=values, failures=())


def best_where_lost(requirement: Requirement, baseline: ArmScores) -> ArmScores:
    """The baseline's scores with the metric's best for each answer that was lost: so the pair
    speaks against the candidate as much as it can."""
    if baseline.lost is None or requirement.best is None:
        return baseline
    return replace(baseline, values=np.where(baseline.lost, requirement.best, baseline.values))

"""Answers that failed for good: what they score, and what came out without their items. Pure.

A model that can't answer an item ("context too long") has failed it. By a policy's `failures` the
evidence then is invalid, or the answer scores the worst that its metric has. A model's server that
can't be used is another matter: such a run is no evidence (`runners.outcome`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalhub.decision.criteria import Requirement
from evalhub.declare.declaration import default_of
from evalhub.declare.policy import FailureUse, Rule
from evalhub.declare.sections import CleanRow, FailedRow, FailuresSection
from evalhub.stats.errors import StatisticsError

if TYPE_CHECKING:
    from evalhub.decision.align import Aligned, ArmScores
    from evalhub.decision.rule import Ruling

FAILURES: FailureUse = default_of(Rule, "failures")


def at_worst(requirement: Requirement, arm: "ArmScores", use: FailureUse) -> "ArmScores":
    """The arm's scores with the metric's worst in place of each answer that failed.

    As they are where failures are invalid, where none is known, or where no answer is left that
    didn't fail: then nothing was measured of this arm.
    """
    if use == "invalid" or arm.failed is None or not arm.failed.any():
        return arm
    if arm.failed.all():
        told = f"{arm.name} answered no item of {requirement.test_set}: nothing was measured of it"
        return replace(arm, failures=[told])
    if requirement.worst is None:
        return arm
    values = np.where(arm.failed, requirement.worst, arm.values)
    return replace(arm, values=values, failures=())


def failures_section(
    evidence: Sequence["Aligned"], judge: Callable[[Sequence["Aligned"]], "Ruling"]
) -> FailuresSection | None:
    """The record's `failures`: how many answers scored the worst, and the result without them.

    Args:
        evidence: what the verdict rests on.
        judge: measures and rules on evidence at the levels of the verdict.

    Returns:
        None where no answer failed.
    """
    touched = [
        FailedRow(
            name=each.requirement.name,
            test_set=each.requirement.test_set,
            items=len(each.items),
            baseline=int(each.failed[0].sum()),
            candidate=int(each.failed[1].sum()),
            worst=worst,
        )
        for each in evidence
        if each.failed is not None and (worst := each.requirement.worst) is not None
    ]
    if not touched:
        return None
    try:
        ruling = judge([each.without_failures() for each in evidence])
    except StatisticsError:  # no item is left, or none of a tag of the mix
        ruling = None
    names = {each.name for each in touched}
    return FailuresSection(
        test_sets=tuple(touched),
        verdict_without=None if ruling is None else ruling.verdict,
        without=tuple(
            CleanRow.of(each)
            for each in (() if ruling is None else ruling.criteria)
            if each.name in names
        ),
    )

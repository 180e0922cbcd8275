"""The arm that a study's candidates are judged against: the named one, or the best untuned one."""

from dataclasses import dataclass
from itertools import compress

import numpy as np

from evalhub.decision.align import average_one, weights_of
from evalhub.decision.arm_scores import Array, Rows
from evalhub.decision.flaws import flaws_of
from evalhub.decision.sections.baseline_choice import (
    ChoiceSection,
    DevelopmentSplit,
    best,
    choice_section,
)
from evalhub.ledger.scores import requirement_on
from evalhub.ledger.study_evidence import StudyEvidence, read_study_evidence
from evalhub.registry.models import Study, StudyArm, StudyTestSet
from evalhub.registry.models.studies import ArmRole
from evalhub.stats.errors import StatisticsError
from runners.metrics import metric_declaration


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """The baseline, the arms that are judged against it, and how it was chosen.

    Attributes:
        arms: the arms that are judged, the candidate in question first.
        choice: the record's `baseline_choice`; None where the study names its baseline.
        invalid: why no arm could be chosen fairly, one sentence each.
    """

    baseline: StudyArm
    arms: list[StudyArm]
    choice: ChoiceSection | None
    invalid: list[str]


def baseline_of(study: Study) -> StudyArm:
    """The arm that the study's candidates are judged against.

    Raises:
        evalhub.ledger.study_evidence.NotReadyError: it is to be chosen, and runs haven't finished.
    """
    if study.policy.development is None:
        return study.arms.get(role=ArmRole.BASELINE)
    return choose_baseline(read_study_evidence(study)).baseline


def choose_baseline(evidence: StudyEvidence) -> BaselineChoice:
    """Choose the baseline among a study's arms, by the development split where the study names
    none."""
    split = evidence.development
    if split is None:
        baseline = next(arm for arm in evidence.arms if arm.role == ArmRole.BASELINE)
        return BaselineChoice(baseline, _in_order(evidence, [baseline]), None, [])
    untuned = [
        arm for arm in evidence.arms if not arm.version.fine_tuned and arm.role != ArmRole.CANDIDATE
    ]
    untuned.sort(key=lambda arm: (arm.role != ArmRole.BASELINE, arm.position))
    read = {
        arm.name: [evidence.arm_scores(arm, each) for each in evidence.primaries] for arm in untuned
    }
    invalid = [
        flaw
        for arm in untuned
        for primary, scores in zip(evidence.primaries, read[arm.name], strict=True)
        for flaw in flaws_of(
            requirement_on(primary),
            evidence.items(primary.test_set_version),
            scores,
        )
    ]
    chosen_by = [_development_rows(evidence, primary) for primary in evidence.primaries]
    for primary, choosing in zip(evidence.primaries, chosen_by, strict=True):
        if choosing.all() or not choosing.any():
            invalid.append(
                f"{primary} has too few items to choose the baseline on some and judge on the rest"
            )
    if invalid:
        return BaselineChoice(untuned[0], _in_order(evidence, untuned), None, invalid)
    try:
        weights = [
            _weights(evidence, primary, rows)
            for primary, rows in zip(evidence.primaries, chosen_by, strict=True)
        ]
    except StatisticsError as error:
        flaw = f"The items that choose the baseline can't be weighted to the mix: {error}"
        return BaselineChoice(untuned[0], _in_order(evidence, untuned), None, [flaw])
    measured = {
        arm.name: [
            scores.means(len(rows))[rows] * weight
            for scores, rows, weight in zip(read[arm.name], chosen_by, weights, strict=True)
        ]
        for arm in untuned
    }
    signs = [
        1.0 if metric_declaration(primary.metric.name, **primary.metric.options).rises else -1.0
        for primary in evidence.primaries
    ]
    chosen = best(
        {
            name: [sign * each for sign, each in zip(signs, by_set, strict=True)]
            for name, by_set in measured.items()
        }
    )
    choice = choice_section(
        split,
        chosen,
        measured,
        {arm.name: arm.version.kind for arm in untuned},
        [
            DevelopmentSplit(
                test_set=primary.name,
                metric=primary.metric.name,
                development=int(rows.sum()),
                judged=int((~rows).sum()),
            )
            for primary, rows in zip(evidence.primaries, chosen_by, strict=True)
        ],
    )
    baseline = next(arm for arm in untuned if arm.name == chosen)
    return BaselineChoice(baseline, _in_order(evidence, untuned), choice, [])


def _in_order(evidence: StudyEvidence, but: list[StudyArm]) -> list[StudyArm]:
    others = [arm for arm in evidence.arms if arm not in but]
    return sorted(others, key=lambda arm: (arm.role != ArmRole.CANDIDATE, arm.position))


def _development_rows(evidence: StudyEvidence, primary: StudyTestSet) -> Rows:
    """Mask of a primary's items that choose the baseline."""
    judged = evidence.rows_to_judge(primary, primary.test_set_version)
    return np.zeros(0, dtype=bool) if judged is None else ~judged


def _weights(evidence: StudyEvidence, primary: StudyTestSet, rows: Rows) -> Array | float:
    """The weights of a primary's items that choose the baseline; they average 1."""
    items = list(compress(evidence.items(primary.test_set_version), rows))
    weights = weights_of(items, primary.mix)
    if weights is None:
        return 1.0
    return weights if primary.mix else average_one(weights)

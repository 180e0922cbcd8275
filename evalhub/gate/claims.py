"""What a decision reads of a study, as claims on the ledger."""

from collections.abc import Sequence
from typing import Any

from evalhub.gate.ledger import Claim
from evalhub.gate.study_evidence import StudyEvidence
from evalhub.registry.models import Run, StudyArm, StudyTestSet
from evalhub.registry.models.studies import CriterionRole, Tier
from evalhub.schemas.decision import Alternative
from evalhub.schemas.study import Development

RECORDED = "recorded"


def claims_of(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, *, arms: int
) -> list[Claim]:
    """A claim for each test set on which the arm isn't the baseline; `arms` are judged."""
    return [
        _claim(evidence, each, *runs, arms)
        for each in evidence.test_sets
        if (runs := (evidence.run(baseline, each), evidence.run(arm, each)))[0] != runs[1]
    ]


def asked_of(test_set: StudyTestSet, development: Development | None) -> dict[str, Any]:
    """Whatever a claim rests on beside the two runs."""
    split = development if test_set.role == CriterionRole.PRIMARY else None
    return {
        "metric": test_set.metric.digest,
        "mix": test_set.mix,
        "development": split.as_json() if split else None,
        **({"turned": True} if test_set.turned else {}),
    }


def shown_beside(
    evidence: StudyEvidence,
    baseline: StudyArm,
    alternatives: Sequence[Alternative],
    *,
    arms: int,
) -> list[list[Claim]]:
    """What a decision's record shows without judging it: other arms beside its own, and second
    answers of the baseline that were recorded, and so may be anybody's."""
    shown = {(each.arm, each.test_set) for each in alternatives}
    others = [
        [
            each
            for each in claims_of(evidence, baseline, arm, arms=arms)
            if (arm.name, each.name) in shown
        ]
        for arm in evidence.arms
    ]
    repeats = [
        _claim(evidence, each, evidence.run(baseline, each), repeat, arms)
        for each in evidence.test_sets
        if (repeat := evidence.repeats.get((baseline.pk, each.pk)))
        and repeat.version.backend["type"] == RECORDED
    ]
    return [each for each in (*others, repeats) if each]


def _claim(
    evidence: StudyEvidence, test_set: StudyTestSet, baseline: Run, candidate: Run, arms: int
) -> Claim:
    primary = test_set.role == CriterionRole.PRIMARY
    return Claim(
        name=test_set.name,
        primary=primary,
        critical=test_set.tier == Tier.CRITICAL,
        baseline=baseline,
        candidate=candidate,
        asked=asked_of(test_set, evidence.development),
        scores=(
            evidence.scores_of(baseline, test_set.metric).digest,
            evidence.scores_of(candidate, test_set.metric).digest,
        ),
        drawn_for=arms if test_set.draw else None,
    )

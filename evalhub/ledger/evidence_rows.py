"""The rows of a decision's record on its arms and on the evidence of each test set."""

from evalhub.declare.decision import ArmName, EvidenceRow
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import StudyArm


def arm_name(arm: StudyArm) -> ArmName:
    """An arm of a study as records name it."""
    version = arm.version
    return ArmName(name=arm.name, digest=version.digest, kind=version.kind, version=str(version))


def evidence_row(pairing: Pairing) -> EvidenceRow:
    """The record's row on items, answers and scores of one test set."""
    base, tuned = pairing.baseline, pairing.candidate
    version = base.run.test_set_version
    return EvidenceRow(
        test_set=pairing.aligned.requirement.test_set,
        version=str(version),
        digest=version.digest,
        items=version.item_count,
        metric=pairing.metric.name,
        metric_options=pairing.metric.options,
        baseline_run=base.run.pk,
        candidate_run=tuned.run.pk,
        baseline_answers=base.run.answers_digest,
        candidate_answers=tuned.run.answers_digest,
        baseline_scores=base.digest,
        candidate_scores=tuned.digest,
        failed_baseline=base.arm.failures_counted,
        failed_candidate=tuned.arm.failures_counted,
        unscored_baseline=base.arm.unscored,
        unscored_candidate=tuned.arm.unscored,
        extraction_misses_baseline=base.arm.extraction_misses,
        extraction_misses_candidate=tuned.arm.extraction_misses,
    )

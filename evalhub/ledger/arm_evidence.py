"""An arm of a study with all evidence that a decision reads of it, before its level is known; and
how the record names both."""

from dataclasses import dataclass

from evalhub.decision.sections.answers import (
    AnsweredTestSet,
    answer_flaws,
    answers_section,
)
from evalhub.decision.sections.applied import AppliedSection
from evalhub.decision.sections.leakage import Leak
from evalhub.declare.decision import ArmName, Arms, EvidenceRow
from evalhub.ledger.answers import test_sets_with_answers
from evalhub.ledger.applied import check_adapter, dead_adapter_reason
from evalhub.ledger.baseline_choice import BaselineChoice
from evalhub.ledger.claims import claims_of
from evalhub.ledger.leakage.overlaps import leaks_of
from evalhub.ledger.ledger import Claim
from evalhub.ledger.repeats import same_answers
from evalhub.ledger.scores import Pairing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Metric, Run, StudyArm


@dataclass(frozen=True, slots=True)
class ArmEvidence:
    """An arm with all that is read of it before its level is known."""

    arm: StudyArm
    pairings: dict[str, Pairing]
    claims: list[Claim]
    leaks: list[Leak]
    flaws: list[str]
    repeats: dict[str, Run]
    applied: AppliedSection | None
    answered: list[AnsweredTestSet]

    @property
    def runs(self) -> list[tuple[Metric, list[Run]]]:
        """Of each test set: its metric, and the runs of which the decision shows scores by it."""
        return [
            (
                pair.metric,
                [pair.baseline.run, pair.candidate.run]
                + ([self.repeats[name]] if name in self.repeats else []),
            )
            for name, pair in self.pairings.items()
        ]


def arm_evidence(evidence: StudyEvidence, chosen: BaselineChoice, arm: StudyArm) -> ArmEvidence:
    baseline = chosen.baseline
    pairings = {each.name: evidence.pair(baseline, arm, each) for each in evidence.test_sets}
    flaws = [*chosen.invalid, *(flaw for each in pairings.values() for flaw in each.aligned.flaws)]
    section = check_adapter(evidence, baseline, arm, pairings)
    same = dead_adapter_reason(section, baseline, arm)
    if same is None and (section is None or section.state != "moved"):
        same = same_answers(baseline, arm, pairings)
    if same:
        flaws.insert(0, same)
    answered, policy = test_sets_with_answers(evidence, pairings), evidence.policy
    answers = answers_section(
        answered,
        model_changes=policy.model_changes,
        most_unanswered=policy.most_unanswered,
        failures=policy.failures,
    )
    flaws += answer_flaws(answers, Arms(baseline=arm_name(baseline), candidate=arm_name(arm)))
    leaks = [] if policy.leakage == "off" else leaks_of(arm, pairings)
    again = {
        test_set.name: evidence.repeats[baseline.pk, test_set.pk]
        for test_set in evidence.test_sets
        if (baseline.pk, test_set.pk) in evidence.repeats
    }
    claims = claims_of(evidence, baseline, arm, arms=len(chosen.arms))
    return ArmEvidence(arm, pairings, claims, leaks, flaws, again, section, answered)


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

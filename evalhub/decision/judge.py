"""From evidence and a policy to a decision's record, for every door the same. Pure.

What was gathered is measured at the levels that the ledger leaves; gains beyond belief are looked
for; the rule gives its verdict; it is tried without the items that were trained on, and without
those of which an answer failed; and all of it becomes one record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.decision.align import Aligned, breakdown_of, criteria_of
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence
from evalhub.decision.extraction import gains_by_misses
from evalhub.decision.lost_preference import with_lost_preference
from evalhub.decision.needed import with_choosing, with_next_looks
from evalhub.decision.policy import Rule
from evalhub.decision.record import decision_record
from evalhub.decision.rule import Ruling, decide
from evalhub.decision.sections.answers import (
    AnswersSection,
    answer_cautions,
    answer_flaws,
    answers_section,
)
from evalhub.decision.sections.baseline_choice import ChoiceSection, answer, equally_good_sentences
from evalhub.decision.sections.extension import extension_section
from evalhub.decision.sections.failures import failures_section
from evalhub.decision.sections.jumps import implausible_gains, jumps_section
from evalhub.decision.sections.leakage import (
    LeakageSection,
    disagreement,
    leakage_section,
    without_leaks,
)
from evalhub.decision.sections.lost_pairs import lost_pairs_section, turned_by_losses
from evalhub.decision.sections.noise_floor import NoiseSection, no_op_reason
from evalhub.declare.verdicts import Verdict
from evalhub.stats.errors import StatisticsError

SCORES_ALPHA = 0.01
"""Scores that differ at this level, shared by all criteria, are no no-op's."""


def judge(
    evidence: Evidence, policy: Rule, *, written: Mapping[str, Any] | None = None
) -> DecisionRecord:
    """The record of the decision on one candidate.

    Args:
        written: the policy as it was written, for the record; None: as `policy` is.

    Raises:
        evalhub.stats.errors.StatisticsError: what no criterion can be measured on.
    """
    filled = [each for each in evidence.scores if each.items]
    scores = [whole for each in filled if (whole := each.without_lost()).items]
    own_items = [each for each in scores if each.requirement.name not in evidence.forms]
    content = [each for each in own_items if each.requirement.kind.by_metric]
    criteria = _measure(evidence, policy, scores)
    answers = answers_section(
        evidence.answered,
        model_changes=policy.model_changes,
        most_unanswered=policy.most_unanswered,
        failures=policy.failures,
    )
    noise = _noise(evidence, criteria)
    choice = _choice(evidence, policy, criteria)
    rule = _Judging(
        evidence,
        policy,
        invalid=_flaws(evidence, answers, noise),
        as_good=equally_good_sentences(evidence.arms, evidence.rivals.alternatives, choice),
        cautions=answer_cautions(answers, evidence.arms),
    )
    jumps = jumps_section(
        criteria,
        rule=policy.jumps,
        largest_gain=policy.largest_gain,
        misses=gains_by_misses(evidence.misses, scores, criteria, rule.on),
    )
    rule = replace(rule, unbelieved=implausible_gains(jumps))
    ruling, leakage = _with_leakage(rule, scores, criteria)
    lost = None
    if ruling.verdict is not Verdict.INVALID:
        worst, preferences = with_lost_preference(evidence, filled)
        lost = lost_pairs_section(filled, replace(rule, evidence=worst).on, preferences)
        if why := turned_by_losses(lost, ruling):
            ruling = replace(rule, invalid=[why]).on_criteria(criteria)
    failures = None
    if ruling.verdict is not Verdict.INVALID:
        failures = failures_section(scores, rule.on)
    charge, rivals = evidence.charge, evidence.rivals
    return decision_record(
        ruling,
        alpha=charge.level,
        alphas={
            **charge.by_criterion([each.requirement for each in scores]),
            **evidence.live.levels,
        },
        policy=policy.as_json() if written is None else written,
        arms=evidence.arms,
        evidence=evidence.rows,
        study=evidence.study,
        breakdown=breakdown_of(content, alpha=charge.level),
        alternatives=rivals.alternatives,
        people=evidence.people.record,
        aligned=own_items,
        sections=[
            charge.section,
            noise,
            failures,
            lost,
            leakage,
            choice,
            extension_section(
                charge.rows,
                {
                    aligned.requirement.test_set: aligned.look_stages
                    for aligned in scores
                    if aligned.look_stages is not None and aligned.requirement.kind.by_metric
                },
            ),
            evidence.imported,
            evidence.shadow,
            evidence.inputs,
            evidence.resampled,
            evidence.training_data,
            jumps,
            evidence.applied,
            evidence.judge.section,
            evidence.prices,
            evidence.ownership.section,
            rivals.steps,
            answers,
            *evidence.live.sections,
        ],
    )


@dataclass(frozen=True, slots=True)
class _Judging:
    """The verdict on any subset of the scores, with the rest of what the rule needs
    (evalhub.decision.rule)."""

    evidence: Evidence
    policy: Rule
    invalid: Sequence[str]
    as_good: Sequence[str]
    cautions: Sequence[str]
    unbelieved: Sequence[str] = ()

    def on(self, scores: Sequence[Aligned]) -> Ruling:
        """Measure these scores at the verdict's levels, and rule on them."""
        return self.on_criteria(_measure(self.evidence, self.policy, scores))

    def on_criteria(self, criteria: Sequence[Criterion]) -> Ruling:
        """Rule on these criteria and on those of people, judge, ownership and users, which no
        scores change."""
        evidence = self.evidence
        parts = evidence.people, evidence.judge, evidence.ownership, evidence.live
        return decide(
            evidence.arms.candidate.name,
            [*criteria, *(each for part in parts for each in part.criteria)],
            invalid=self.invalid,
            pending=[
                *evidence.people.pending,
                *evidence.pending,
                *evidence.ownership.pending,
                *evidence.live.pending,
            ],
            as_good=self.as_good,
            unbelieved=self.unbelieved,
            cautions=self.cautions,
            primaries=self.policy.primaries,
            registered=evidence.registered,
            users_come=bool(evidence.live.sections),
        )


def _measure(evidence: Evidence, policy: Rule, scores: Sequence[Aligned]) -> list[Criterion]:
    charge = evidence.charge
    criteria = criteria_of(
        scores,
        alpha=charge.level,
        harm_alpha=policy.harm_alpha,
        alphas=charge.by_criterion([each.requirement for each in scores]),
        planned_gain=policy.planned_gain,
        primaries=policy.primaries,
    )
    criteria = with_choosing(criteria, evidence.choosing)
    return with_next_looks(criteria, charge.extended, policy.primaries)


def _noise(evidence: Evidence, criteria: Sequence[Criterion]) -> NoiseSection | None:
    if evidence.second_run is None:
        return None
    differ = any(each.p_value <= SCORES_ALPHA / len(criteria) for each in criteria)
    return evidence.second_run.section(scores_differ=differ)


def _choice(
    evidence: Evidence, policy: Rule, criteria: Sequence[Criterion]
) -> ChoiceSection | None:
    """How the baseline was chosen, with the answer that the judged items give."""
    choice = evidence.rivals.choice
    if choice is None:
        return None
    due = answer(criteria, planned_gain=policy.planned_gain, primaries=policy.primaries)
    return choice.model_copy(update={"answer": due})


def _flaws(
    evidence: Evidence, answers: AnswersSection | None, noise: NoiseSection | None
) -> list[str]:
    """Why the evidence allows no verdict, each sentence once."""
    flaws = [
        *evidence.flaws,
        *evidence.live.flaws,
        *(flaw for each in evidence.scores for flaw in each.flaws),
        *answer_flaws(answers, evidence.arms),
    ]
    arms = evidence.arms
    no_op = no_op_reason(noise, arm=arms.candidate.name, baseline=arms.baseline.name)
    moved = evidence.applied is not None and evidence.applied.state == "moved"
    return [
        *dict.fromkeys(flaws),
        # The same words by another model are no no-op.
        *([no_op] if no_op and not flaws and not moved else []),
        *evidence.charge.refused,
        *evidence.people.unfit,
    ]


def _with_leakage(
    rule: _Judging, scores: Sequence[Aligned], criteria: Sequence[Criterion]
) -> tuple[Ruling, LeakageSection | None]:
    """The verdict, and what it is without the items that the candidate was trained on."""
    evidence, use = rule.evidence, rule.policy.leakage
    ruling = rule.on_criteria(criteria)
    if not evidence.leaks:
        return ruling, None
    clean = None
    if (rest := without_leaks(scores, evidence.leaks)) is not None:
        try:
            clean = rule.on(rest)
        except StatisticsError:
            clean = None
    section = leakage_section(evidence.leaks, use, ruling, clean)
    why = disagreement(evidence.arms.candidate.name, ruling, clean)
    if why and use == "judge" and not rule.invalid:
        ruling = replace(rule, invalid=[why]).on_criteria(criteria)
    return ruling, section

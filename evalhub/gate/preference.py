"""What people said of an arm, read from its campaigns and put into the decision's terms."""

from collections.abc import Collection
from itertools import compress

from django.db.models import Exists, OuterRef, QuerySet

from evalhub.gate.study_evidence import StudyEvidence
from evalhub.registry.models import Run, StudyArm, StudyTestSet
from evalhub.registry.models.studies import ArmRole
from evalhub.schemas.review import Anytime
from evalhub.schemas.sections import EarlyStopLimits
from evalhub.verdict.preference_evidence import (
    Judgments,
    PreferenceEvidence,
    preference_evidence,
)
from reviews.models import AssignmentPurpose, Campaign, Judgment, Pair
from reviews.results.early_stopping import early_stop_of, interim_estimate, rule_of
from reviews.results.judgment_data import JudgmentData, judgment_data
from reviews.results.reviewer_quality import too_fast


def ask(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm, *, alpha: float
) -> PreferenceEvidence:
    """What people said of this arm's answers beside the baseline's."""
    rule, review = evidence.policy.preference, evidence.study.review
    if rule is None or review is None or arm.role != ArmRole.CANDIDATE:
        return PreferenceEvidence()
    asked = next(each for each in evidence.test_sets if each.name == review.test_set)
    runs = evidence.run(baseline, asked), evidence.run(arm, asked)
    return preference_evidence(
        _judgments(evidence, *runs, _judged_on(evidence, asked, runs[0]), alpha),
        rule,
        test_set=asked.name,
        alpha=alpha,
        harm_alpha=evidence.policy.harm_alpha,
        planned_gain=evidence.policy.planned_gain,
    )


def _judgments(
    evidence: StudyEvidence,
    baseline: Run,
    candidate: Run,
    items: Collection[str] | None,
    alpha: float,
) -> Judgments | None:
    """Those of the study's newest review of these very answers; of others they would say nothing.

    Earlier plans for the same answers count, in whichever study and under whatever versions' names
    they were made, once somebody has judged by them. `items` are the keys that are judged on;
    None: all.
    """
    pairs = Pair.objects.filter(
        campaign=OuterRef("pk"),
        baseline_output__run__in=_with_these_answers(baseline),
        candidate_output__run__in=_with_these_answers(candidate),
    )
    given = Judgment.objects.current().filter(
        assignment__pair__campaign=OuterRef("pk"), assignment__purpose=AssignmentPurpose.MAIN
    )
    opened = Campaign.objects.filter(Exists(pairs))
    plans = list(opened)
    judged = set(opened.filter(Exists(given)).values_list("pk", flat=True))
    campaign = next((each for each in plans if each.study_id == evidence.study.pk), None)
    if campaign is None:
        return None
    plan = 1 + sum(each.pk in judged for each in plans[plans.index(campaign) + 1 :])
    rule = rule_of(campaign)
    versions = campaign.baseline_id, campaign.candidate_id
    data = judgment_data(campaign).between(*versions).on(items)
    main = data.of()
    names = {reviewer: f"r{i}" for i, reviewer in enumerate(data.reviewers, 1)}
    return Judgments(
        [each.favours for each in main],
        [each.pair.item for each in main],
        [names[each.reviewer] for each in main],
        data.planned,
        campaign.sealed_plan.identical,
        early_stop=_early_stop(data, rule.model_copy(update={"alpha": alpha / plan**2}))
        if rule and early_stop_of(campaign)
        else None,
        spent=rule.share if rule else 0.0,
        plan=plan,
        opened=len(plans),
        too_fast=[too_fast(each) for each in main],
    )


def _with_these_answers(run: Run) -> QuerySet[Run]:
    """The runs that say the same to the same items, itself included."""
    return Run.objects.filter(
        test_set_version__digest=run.test_set_version.digest, answers_digest=run.answers_digest
    )


def _early_stop(data: JudgmentData, rule: Anytime) -> EarlyStopLimits | None:
    """The limits by the campaign's rule at this decision's alpha, which needn't be the plan's."""
    found = interim_estimate(data, rule)
    if found is None:
        return None
    return EarlyStopLimits(
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        p_better=found.p_better,
        p_worse=found.p_worse,
        method=found.method,
    )


def _judged_on(evidence: StudyEvidence, asked: StudyTestSet, run: Run) -> set[str] | None:
    """Keys of the items that are judged on; None for all."""
    judged = evidence.judged(asked, run.test_set_version)
    if judged is None:
        return None
    return {each.key for each in compress(evidence.items(run.test_set_version), judged)}

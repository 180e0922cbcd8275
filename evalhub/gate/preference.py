"""What people said of an arm, read from its campaign and put into the decision's terms."""

from evalhub.gate.case import Case
from evalhub.gate.rule.people import Heard, Judgments, Settled, hear
from evalhub.registry.models import StudyArm
from evalhub.registry.models.studies import ArmRole
from reviews.findings.results import judgments as judgments_of
from reviews.findings.settle import look_at
from reviews.models import Campaign


def ask(case: Case, baseline: StudyArm, arm: StudyArm, *, alpha: float) -> Heard:
    """What people said of this arm's answers beside the baseline's."""
    rule = case.policy.preference
    if rule is None or arm.role != ArmRole.CANDIDATE:
        return Heard()
    campaign = _campaign(case, baseline, arm)
    return hear(
        None if campaign is None else _judgments(campaign, alpha),
        rule,
        test_set=case.study.review["test_set"],
        alpha=alpha,
        planned_gain=case.policy.planned_gain,
    )


def _judgments(campaign: Campaign, alpha: float) -> Judgments:
    found = judgments_of(campaign)
    return Judgments(
        found.choices,
        found.items,
        [str(rater) for rater in found.raters],
        found.planned,
        found.identical,
        settled=_settled(campaign, alpha) if found.settled else None,
        spent=found.spent,
    )


def _settled(campaign: Campaign, alpha: float) -> Settled | None:
    """The rule's limits at this decision's alpha, which needn't be the plan's."""
    found = look_at(campaign, alpha=alpha)
    if found is None:
        return None
    return Settled(
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        p_better=found.p_better,
        p_worse=found.p_worse,
        method=found.method,
    )


def _campaign(case: Case, baseline: StudyArm, arm: StudyArm) -> Campaign | None:
    """The newest review of these very answers; of other answers it would say nothing."""
    asked = next(each for each in case.test_sets if each.name == case.study.review["test_set"])
    return Campaign.objects.filter(
        study=case.study,
        pairs__baseline_output__run=case.run(baseline, asked),
        pairs__candidate_output__run=case.run(arm, asked),
    ).first()

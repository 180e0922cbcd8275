"""What people said of an arm, read from its campaign and put into the decision's terms."""

from dataclasses import dataclass, field
from typing import Any

from evalhub.gate.case import Case
from evalhub.gate.criteria import Criterion
from evalhub.gate.people import Judgments, Settled, people_record, preference_criterion
from evalhub.gate.policy import PreferenceRule
from evalhub.registry.models import StudyArm
from evalhub.registry.models.studies import ArmRole
from reviews.models import Campaign
from reviews.results import judgments as judgments_of
from reviews.settle import Settlement


@dataclass(frozen=True, slots=True)
class Asked:
    """People's part of a decision: its section, its criterion, what is pending, what is unfit."""

    record: dict[str, Any] | None = None
    criteria: list[Criterion] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)


def ask(case: Case, baseline: StudyArm, arm: StudyArm, *, alpha: float) -> Asked:
    """What people said of this arm's answers beside the baseline's."""
    rule = case.policy.preference
    if rule is None or arm.role != ArmRole.CANDIDATE:
        return Asked()
    campaign = _campaign(case, baseline, arm)
    if campaign is None:
        unasked = ["Reviewers haven't been asked about these answers"] if rule.required else []
        return Asked(pending=unasked)
    found = judgments_of(campaign)
    raters = [str(rater) for rater in found.raters]
    judgments = Judgments(
        found.choices,
        found.items,
        raters,
        found.planned,
        found.identical,
        settled=_settled(found.settled),
        spent=found.spent,
    )
    record = people_record(judgments, alpha=alpha)
    pending = _pending(rule, judgments, record, alpha)
    if not judgments.complete:
        return Asked(record, pending=pending)
    criterion = preference_criterion(
        judgments,
        test_set=case.study.review["test_set"],
        min_gain=rule.min_gain,
        alpha=alpha,
        planned_gain=_planned(case, rule),
    )
    criteria = [criterion] if rule.required else []
    return Asked(record, criteria, pending, _unfit(rule, record))


def _settled(found: Settlement | None) -> Settled | None:
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


def _pending(
    rule: PreferenceRule, judgments: Judgments, record: dict[str, Any], alpha: float
) -> list[str]:
    done, planned, people = record["judgments"], record["planned"], record["reviewers"]
    if not rule.required:
        return []
    if not judgments.complete:
        return [f"Reviewers have given {done} of {planned} judgments"]
    if people < rule.min_reviewers:
        return [f"{people} of at least {rule.min_reviewers} reviewers have judged"]
    if judgments.settled is not None and judgments.settled.level < 1 - 2 * alpha - 1e-9:
        return [
            f"The review was settled at {judgments.settled.level:.1%}, and this decision asks for "
            f"{1 - 2 * alpha:.1%}: its plan allowed for more error than the policy does"
        ]
    return []


def _unfit(rule: PreferenceRule, record: dict[str, Any]) -> list[str]:
    floor, ac1 = rule.min_agreement, record["gwet_ac1"]
    value = None if ac1 is None else ac1["value"]
    if floor is None or (value is not None and value >= floor):
        return []
    shown = "unknown" if value is None else f"{value:.2f}"
    return [f"reviewers' agreement (AC1) is {shown}, below the floor of {floor:g}"]


def _planned(case: Case, rule: PreferenceRule) -> float:
    return case.policy.planned_gain if rule.planned_gain is None else rule.planned_gain


def _campaign(case: Case, baseline: StudyArm, arm: StudyArm) -> Campaign | None:
    """The newest review of these very answers; of other answers it would say nothing."""
    asked = next(each for each in case.test_sets if each.name == case.study.review["test_set"])
    return Campaign.objects.filter(
        study=case.study,
        pairs__baseline_output__run=case.run(baseline, asked),
        pairs__candidate_output__run=case.run(arm, asked),
    ).first()

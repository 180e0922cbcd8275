"""The promotion's own estimates of a champion: drawn beside what is measured, never tested against.

A version is promoted because its estimate is good: so it is mostly too good.
"""

from collections.abc import Mapping

from evalhub.accounts.models import Project
from evalhub.ledger.models import Promotion
from evalhub.registry.models import StudyArm
from evalhub.registry.models.studies import ArmRole

type Estimates = Mapping[tuple[int, str], float]
"""By a version's key and a metric's name."""


def promotion_estimates(project: Project) -> Estimates:
    """Of the promotion that holds; empty where it has no decision. Two queries."""
    promotion = Promotion.objects.current(project)
    if promotion is None or promotion.decision is None:
        return {}
    decision, version = promotion.decision, promotion.version
    arms = StudyArm.objects.filter(study=decision.study_id, role=ArmRole.BASELINE)
    side = "baseline" if arms.filter(version=version).exists() else "candidate"
    return {
        (version.pk, criterion["metric"]): criterion[side]
        for criterion in decision.record["criteria"]
        if criterion.get(side) is not None
    }

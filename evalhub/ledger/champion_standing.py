"""Whether an arm of a study or of a decision is the project's champion."""

from dataclasses import dataclass
from typing import Literal

from evalhub.accounts.models import Project
from evalhub.ledger.models import Blessing, Decision
from evalhub.registry.models import StudyArm

ArmOf = Literal["candidate", "baseline"]


@dataclass(frozen=True, slots=True)
class BaselineStanding:
    """Whether a baseline that is judged against is the project's.

    Attributes:
        blessing: what says which version is; None: none is blessed.
        arm: which of the two arms that version is; None: neither.
    """

    blessing: Blessing | None
    arm: ArmOf | None

    @property
    def blessed(self) -> bool | None:
        """Whether the baseline is the project's; None: the project has none."""
        return None if self.blessing is None else self.arm == "baseline"


def baseline_standing(
    project: Project, *, baseline: StudyArm | None, candidate: StudyArm | None
) -> BaselineStanding:
    """Which of two arms' versions is the project's baseline now, if either is. One query."""
    current = Blessing.objects.current(project)
    arms: dict[ArmOf, StudyArm | None] = {"baseline": baseline, "candidate": candidate}
    for name, arm in arms.items():
        if current is not None and arm is not None and arm.version_id == current.version_id:
            return BaselineStanding(current, name)
    return BaselineStanding(current, None)


def standing_of(decision: Decision) -> BaselineStanding:
    """Whether what the decision judged against is the project's baseline, as its study is now."""
    arms = decision.document.arms
    return baseline_standing(
        decision.study.project,
        baseline=study_arm(decision, arms.baseline.name),
        candidate=study_arm(decision, arms.candidate.name),
    )


def study_arm(decision: Decision, name: str) -> StudyArm | None:
    """The arm of this name that the decision's study has now."""
    return decision.study.arms.select_related("version__model").filter(name=name).first()

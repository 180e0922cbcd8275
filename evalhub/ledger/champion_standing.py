"""Whether an arm of a study or of a decision is the project's champion."""

from dataclasses import dataclass
from typing import Literal

from evalhub.accounts.models import Project
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import StudyArm
from evalhub.registry.version_names import answering_version

ArmOf = Literal["candidate", "baseline"]


@dataclass(frozen=True, slots=True)
class ChampionStanding:
    """Whether the baseline of a study is the project's champion.

    Attributes:
        promotion: of the champion; None: the project has none.
        arm: which of the two arms the champion is; None: neither.
    """

    promotion: Promotion | None
    arm: ArmOf | None

    @property
    def promoted(self) -> bool | None:
        """Whether the baseline is the project's champion; None: the project has none."""
        return None if self.promotion is None else self.arm == "baseline"


def champion_standing(
    project: Project, *, baseline: StudyArm | None, candidate: StudyArm | None
) -> ChampionStanding:
    """Which of two arms' versions is the project's champion now, if either. A query, and one
    for each arm whose build names a version."""
    current = Promotion.objects.current(project)
    arms: dict[ArmOf, StudyArm | None] = {"baseline": baseline, "candidate": candidate}
    for name, arm in arms.items():
        if current is None or arm is None:
            continue
        if answering_version(arm.version).pk == current.version_id:
            return ChampionStanding(current, name)
    return ChampionStanding(current, None)


def standing_of(decision: Decision) -> ChampionStanding:
    """Whether what the decision judged against is the project's champion, as its study is now."""
    arms = decision.document.arms
    return champion_standing(
        decision.study.project,
        baseline=study_arm(decision, arms.baseline.name),
        candidate=study_arm(decision, arms.candidate.name),
    )


def study_arm(decision: Decision, name: str) -> StudyArm | None:
    """The arm of this name in the decision's study as it is now."""
    return decision.study.arms.select_related("version__model").filter(name=name).first()

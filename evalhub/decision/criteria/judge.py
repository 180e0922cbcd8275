"""What a judge of pairs prefers, corrected by what people prefer. Pure."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from evalhub.decision.criteria.preference import WinScore
from evalhub.declare.declaration import Declaration, default_of
from evalhub.declare.defaults import JUDGE_FLOOR
from evalhub.declare.judges import PairwiseQuestion, Rubric
from evalhub.declare.people import PeopleDemand, WinScoreGain
from evalhub.declare.policy import Demand, Tier
from evalhub.declare.study import Name

if TYPE_CHECKING:
    from evalhub.decision.requirements import Requirement


class Pairwise(Declaration):
    """Who judges the baseline's and the candidate's answers side by side, and what it may decide.

    It decides nothing until it is calibrated against the study's own blind judgments.

    Attributes:
        by: the judge's name in the study file; in the database its version's digest.
    """

    by: str = Field(min_length=1, description="one of the study's `judges`")
    test_set: Name = Field(description="on whose items the two arms' answers are judged")
    rubric: Rubric
    min_gain: WinScoreGain = Field(
        default_of(PeopleDemand, "min_gain"),
        description="how far above one half the corrected win score's lower bound must be",
    )
    tier: Tier = Field(
        default_of(Demand, "tier"),
        description="what it is once it is calibrated: critical, supporting or advisory; before, "
        "it decides nothing",
    )
    floor: float = Field(
        JUDGE_FLOOR,
        ge=0,
        le=1,
        description="agreement with people beyond chance that its lower limit must reach",
    )

    @property
    def question(self) -> PairwiseQuestion:
        return PairwiseQuestion(rubric=self.rubric)


class Judge(WinScore):
    """A calibrated judge's win score (`evalhub.decision.judge_evidence`)."""

    role: ClassVar = "judge"
    order: ClassVar = 2
    whose: ClassVar = "a calibrated judge's choices"
    not_by_number: ClassVar = "more items that people judge too would tell, or a better judge"

    def requires(self, requirement: "Requirement") -> str:
        return f"over {0.5 + requirement.min_gain:.2f} of what people would say"

"""The parts of a study file that name no plug-in; `evalhub.studies.file.spec` puts the file
together.

The database keeps some of them as they are here: `StudySettings` and `StudyReview`.
"""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration, default_of, validate
from evalhub.declare.defaults import JUDGE_FLOOR
from evalhub.declare.judges import PairwiseQuestion, Rubric
from evalhub.declare.ownership import Ownership
from evalhub.declare.people import PeopleDemand, PeopleFloor, WinScoreGain
from evalhub.declare.policy import (
    Demand,
    NoiseFloor,
    Rule,
    Tier,
)
from evalhub.declare.prices import Price
from evalhub.declare.review import ItemCount, ReviewBasics, Show

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=80)]
"""What stands in addresses."""


def check_name(name: str, *, at: str) -> None:
    """Raise DeclarationError for a name that can't be part of an address; `at` is its field."""
    kind: Any = Name
    validate(kind, name, at=at)


ModelKind = Literal[
    "base", "prompted", "few-shot", "retrieval", "lora", "qlora", "full", "distilled"
]
FINE_TUNED: frozenset[ModelKind] = frozenset({"lora", "qlora", "full", "distilled"})


Promoted = Annotated[
    bool,
    Field(description="whether the baseline has to be the version that the project has promoted"),
]


class StudyPolicy(Rule, PeopleFloor):
    """The study-wide part of the policy."""


class Development(Declaration):
    """Which part of the primaries' items chooses the best untuned arm, to be judged on the rest."""

    share: float = Field(
        0.3, gt=0, lt=1, description="share of the items on which best-untuned chooses the baseline"
    )
    seed: int = Field(0, description="of the draw of these items")

    def holds(self, key: str, cluster: str) -> bool:
        """Whether the item belongs to the development split."""
        unit = f"{self.seed}\0{'c' if cluster else 'i'}\0{cluster or key}"
        number = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8])
        return number < self.share * 2**64


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


class StudySettings(StudyPolicy):
    """What holds for a whole study, as the database keeps it.

    Attributes:
        development: None where the baseline is an arm that the study names.
        prices: by arm, where a price is said.
        pairwise: None where no judge compares the arms.
        ownership: None where nobody says what owning the candidate costs.
    """

    noise_floor: NoiseFloor = False
    promoted: Promoted = False
    development: Development | None = None
    prices: dict[str, Price] = {}
    pairwise: Pairwise | None = None
    ownership: Ownership | None = None


class StudyReview(ReviewBasics, PeopleDemand):
    """Whom a study asks, and what."""

    test_set: Name = Field(description="on whose items the two arms' answers are compared")
    items: ItemCount
    open: Literal["owner", "auto"] = Field(
        "owner",
        description="who opens the review once its answers are there: its owner, or auto: nobody "
        "has to",
    )
    show: Show = Show()

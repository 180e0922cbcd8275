"""What people prefer, who compared the two arms' answers blindly. Pure."""

from typing import TYPE_CHECKING, ClassVar

from evalhub.decision.criteria.base import Kind
from evalhub.decision.wording import percent
from evalhub.declare.people import PeopleDemand, PeopleFloor
from evalhub.declare.policy import PlannedGain

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion
    from evalhub.decision.requirements import Requirement


class PreferenceRule(PeopleDemand, PeopleFloor):
    """Requirements of people's judgments.

    Attributes:
        planned_gain: the gain beyond `min_gain` to be detected; None: the policy's.
    """

    planned_gain: PlannedGain | None = None


class WinScore(Kind):
    """A win score: the share of choices that fall on the candidate, of which `min_gain` is asked
    above one half.

    Attributes:
        whose: whose choices, for sentences.
    """

    must_gain: ClassVar = True
    whose: ClassVar[str]

    def headline_fails(self, c: "Criterion") -> str:
        won = f"wins only {percent(c.candidate)} of {self.whose}"
        required = percent(0.5 + (c.min_gain or 0.0))
        return won if c.shown_to_lose else f"{won}, less than the {required} that is asked"


class Preference(WinScore):
    """People's win score (`evalhub.decision.preference_evidence`)."""

    role: ClassVar = "preference"
    order: ClassVar = 1
    whose: ClassVar = "people's choices"
    counts_judgments: ClassVar = True

    def requires(self, requirement: "Requirement") -> str:
        return f"over {0.5 + requirement.min_gain:.2f} of people"

    def effect_shown(self, c: "Criterion", *, passing: bool) -> str:
        return f"a win score {'above' if passing else 'below'} {0.5 + (c.bound or 0.0):.3g}"

    def assumption(self, c: "Criterion") -> str:
        return f"its win score is really {0.5 + (c.bound or 0.0) + c.gap:.3g}"

    def observation(self, c: "Criterion") -> str:
        return f"it is the {c.candidate:.3g} seen here"

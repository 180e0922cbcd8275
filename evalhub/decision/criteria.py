"""What must hold on one test set, before it is measured. Pure."""

from typing import Self

from pydantic import ConfigDict, model_validator
from pydantic.dataclasses import dataclass

from evalhub.declare.criteria import Role
from evalhub.declare.declaration import default_of, invalid
from evalhub.declare.margins import KeptMargin, RelativeMargin
from evalhub.declare.measured_on import Bounds, ExpectedItems
from evalhub.declare.policy import Demand, MaxRatio, MinGain, PlannedGain, Tier
from evalhub.declare.tails import Tails

SAME_RUN = "the same run for both arms"
COMBINED = "inverse-normal combination"


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, allow_inf_nan=False))
class Requirement:
    """What must hold on one test set by one metric.

    Attributes:
        name: the criterion's name in reports.
        role: "primary" must gain more than `min_gain`; "guard" must not lose `margin` or more;
            "preference" is people's win score, which must pass `min_gain` above one half,
            "judge" a judge's that people corrected, likewise;
            "budget" is a cost that must stay below `max_ratio` times the baseline's;
            "ownership" is money a month, of which `min_gain` or more must be saved.
        margin: loss that a guard may show, in the metric's own unit; 0 in studies of before it was
            refused.
        min_gain: gain that a primary must pass, in the metric's own unit.
        higher_is_better: whether more of the metric is better.
        tier: "critical" must be shown for a ship; harm to a "supporting" one holds, doubt about
            it doesn't keep a ship back; "advisory" is reported and decides nothing.
        relative_margin: the share of the baseline's mean that a guard may lose, above 0 and below
            1; it stands in for `margin`.
        planned_gain: gain beyond `min_gain` that the study is to detect, in the metric's own
            unit; None: the policy's.
        max_ratio: what a budget's candidate/baseline must stay below.
        bounds: the least and the most that one score can be; None where nothing is known.
        items: the items that must be judged on; None: whatever items there are.
        quantile: of a budget, at which quantile of the costs it is judged; None: at their mean.
        unit: what the metric counts, "" where it is a share.
        form: whether the metric says how an answer looks or what it cost, by no reference and no
            judge.
        tails: "bounded": the lower end pays for an unseen tail; None: it rests on what was seen.

    Raises:
        pydantic.ValidationError: a value of the wrong sign or that isn't finite.
    """

    name: str
    role: Role
    test_set: str
    metric: str
    margin: KeptMargin = default_of(Demand, "margin")
    min_gain: MinGain = default_of(Demand, "min_gain")
    higher_is_better: bool = True
    tier: Tier = default_of(Demand, "tier")
    relative_margin: RelativeMargin | None = None
    planned_gain: PlannedGain | None = None
    max_ratio: MaxRatio | None = None
    bounds: Bounds | None = None
    items: ExpectedItems | None = None
    quantile: float | None = None
    unit: str = ""
    form: bool = False
    tails: Tails | None = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.role == "primary" and self.tier != "critical":
            raise invalid(f"a primary is critical, it can't be {self.tier}", "tier")
        if (self.role == "budget") != (self.max_ratio is not None):
            raise invalid("a budget has a max_ratio, and nothing else has", "max_ratio")
        return self

    @property
    def bound(self) -> float:
        """The difference that the interval's lower end must pass."""
        return -self.margin if self.role == "guard" else self.min_gain

    @property
    def factor(self) -> float | None:
        """The ratio to the baseline that the candidate must keep to, None where none is asked.

        A budget must stay below it, and so must a relative guard of which less is better; another
        relative guard must stay above it.
        """
        if self.role == "budget":
            return self.max_ratio
        if self.role != "guard" or self.relative_margin is None:
            return None
        return 1 - self.relative_margin if self.higher_is_better else 1 + self.relative_margin

    @property
    def worst(self) -> float | None:
        """The score that is the worst; None where nothing bounds it."""
        return None if self.bounds is None else self.bounds[0 if self.higher_is_better else 1]

    @property
    def must_gain(self) -> bool:
        """Whether a gain is asked, not only that nothing is lost."""
        return self.role in ("primary", "preference", "judge")

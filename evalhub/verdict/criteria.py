"""One criterion: what must hold, what was measured, and whether it holds. Pure.

Differences are oriented: positive is better for the candidate, also for metrics of which less
is better (latency, tokens), where the two arms' values stand as measured and the sign of the
difference is turned. A ratio is candidate/baseline as measured, whichever is better.
"""

import dataclasses
from typing import Any, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic.dataclasses import dataclass

from evalhub.schemas.declaration import default_of, wrong
from evalhub.schemas.policy import (
    Demand,
    Margin,
    MaxRatio,
    MinGain,
    PlannedGain,
    RelativeMargin,
    Tier,
)
from evalhub.schemas.verdicts import Status

SAME_RUN = "the same run for both arms"
COMBINED = "inverse-normal combination"

Role = Literal["primary", "guard", "preference", "budget"]


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, allow_inf_nan=False))
class Requirement:
    """What must hold on one test set by one metric.

    Attributes:
        name: the criterion's name in reports.
        role: "primary" must gain more than `min_gain`; "guard" must not lose `margin` or more;
            "preference" is people's win score, which must pass `min_gain` above one half;
            "budget" is a cost that must stay below `max_ratio` times the baseline's.
        margin: loss that a guard may show, in the metric's own unit, 0 or more.
        min_gain: gain that a primary must pass, in the metric's own unit.
        higher_is_better: whether more of the metric is better.
        tier: "critical" must be shown for a ship; harm to a "supporting" one holds, doubt about
            it doesn't keep a ship back; "advisory" is reported and decides nothing.
        relative_margin: the share of the baseline's mean that a guard may lose, above 0 and below
            1; it stands in for `margin`.
        planned_gain: gain beyond `min_gain` that the study is to detect, in the metric's own
            unit; None: the policy's.
        max_ratio: what a budget's candidate/baseline must stay below.

    Raises:
        pydantic.ValidationError: a value of the wrong sign or that isn't finite.
    """

    name: str
    role: Role
    test_set: str
    metric: str
    margin: Margin = default_of(Demand, "margin")
    min_gain: MinGain = default_of(Demand, "min_gain")
    higher_is_better: bool = True
    tier: Tier = default_of(Demand, "tier")
    relative_margin: RelativeMargin | None = None
    planned_gain: PlannedGain | None = None
    max_ratio: MaxRatio | None = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.role == "primary" and self.tier != "critical":
            raise wrong(f"a primary is critical, it can't be {self.tier}", "tier")
        if (self.role == "budget") != (self.max_ratio is not None):
            raise wrong("a budget has a max_ratio, and nothing else has", "max_ratio")
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
    def must_gain(self) -> bool:
        """Whether a gain is asked, not only that nothing is lost."""
        return self.role in ("primary", "preference")


@dataclasses.dataclass(frozen=True, slots=True)
class Criterion:
    """A requirement with its measurement.

    `status` and `needed_n` are set by the verdict, which looks at all criteria. `gap` is the
    distance that `needed_n` is planned to resolve. `sd` and `design_effect` are those of the
    differences; where a ratio is asked, of what tests it: candidate − factor·baseline. `ratio` is
    None where none is asked or the baseline's mean isn't above 0; either end of its interval is
    None where that side is unbounded.
    """

    requirement: Requirement
    n: int
    clusters: int | None
    baseline: float
    candidate: float
    difference: float
    lower: float
    upper: float
    level: float
    p_value: float
    wins: int
    losses: int
    ties: int
    method: str
    test: str
    p_harm: float
    sd: float
    design_effect: float
    gap: float
    needed_n: int | None = None
    status: Status = Status.UNDECIDED
    ratio: float | None = None
    ratio_lower: float | None = None
    ratio_upper: float | None = None

    @property
    def margin(self) -> float:
        """The loss that a guard may show, in the metric's unit at the baseline measured."""
        share = self.requirement.relative_margin
        return self.requirement.margin if share is None else share * abs(self.baseline)

    @property
    def holds(self) -> bool:
        """Whether the interval lies wholly on the side that is asked."""
        asked = self.requirement
        if asked.factor is None:
            return self.lower > asked.bound
        if asked.higher_is_better:
            return self.ratio_lower is not None and self.ratio_lower > asked.factor
        return self.ratio_upper is not None and self.ratio_upper < asked.factor

    def as_json(self) -> dict[str, Any]:
        """The criterion as `compare --json` and decision records write it, whole."""
        asked = self.requirement
        return {
            "name": asked.name,
            "role": asked.role,
            "tier": asked.tier,
            "test_set": asked.test_set,
            "metric": asked.metric,
            "n": self.n,
            "clusters": self.clusters,
            "baseline": self.baseline,
            "candidate": self.candidate,
            "difference": self.difference,
            "lower": self.lower,
            "upper": self.upper,
            "level": self.level,
            "p_value": self.p_value,
            "wins": self.wins,
            "losses": self.losses,
            "ties": self.ties,
            "margin": self.margin if asked.role == "guard" else None,
            "relative_margin": asked.relative_margin if asked.role == "guard" else None,
            "min_gain": asked.min_gain if asked.must_gain else None,
            "max_ratio": asked.max_ratio,
            "ratio": self.ratio,
            "ratio_lower": self.ratio_lower,
            "ratio_upper": self.ratio_upper,
            "higher_is_better": asked.higher_is_better,
            "p_harm": self.p_harm,
            "method": self.method,
            "test": self.test,
            "sd": self.sd,
            "design_effect": self.design_effect,
            "gap": self.gap,
            "status": self.status,
            "needed_n": self.needed_n,
        }

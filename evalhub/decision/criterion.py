"""One criterion: what was asked, what was measured, and what came of it.

Differences are oriented: positive is better for the candidate, also for metrics of which less
is better (latency, tokens), where the two arms' values stand as measured and the sign of the
difference is turned. A ratio is candidate/baseline as measured, whichever is better.
"""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from evalhub.decision.criteria.base import CriterionKind
from evalhub.decision.criteria.table import ROLES, kind_of
from evalhub.declare.amounts import (
    Amount,
    Count,
    Degrees,
    Deviation,
    Level,
    Probability,
    Ratio,
    Size,
)
from evalhub.declare.declaration import Declaration, invalid, is_none
from evalhub.declare.margins import KeptMargin, RelativeMargin
from evalhub.declare.policy import MaxRatio, MinGain, PlannedGain, Tier
from evalhub.declare.tails import Tails, UnseenTail
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    Role = str
else:
    Role = Literal[ROLES]


class NextLook(Declaration):
    """How a criterion would be judged once it has more items."""

    alpha: Probability = Field(description="one-sided level of that look's lower end")
    weights: tuple[float, float] | None = Field(
        None,
        description="planned sizes of what was seen and of what is added, by which both are "
        "combined; null: a fresh test set is judged by itself",
    )


class PlannedPeople(Declaration):
    """What reviewers add to the spread of their judgments."""

    count: Size
    lean: Deviation = Field(description="deviation of how far each leans to one arm")
    df: Degrees = Field(description="how well that is known, in degrees of freedom")
    sd: Deviation = Field(description="of a judgment by itself")


class PlannedSpread(Declaration):
    """What `needed_n` is planned with (evalhub.stats.power_spread)."""

    sd: Deviation = Field(
        description="of a difference, with clusters, weights and one more item that differs",
    )
    at_bound: Deviation | None = Field(
        description="the same were the truth on the bound; null: the test is Student's t"
    )
    df: Degrees | None = Field(
        description="how well it is known, in degrees of freedom; null: exactly"
    )
    skew: float = Field(
        0.0, description="of items or clusters, above 0 where it draws the lower end outwards"
    )
    people: PlannedPeople | None = Field(None, description="of judgments, what reviewers add")
    worst: Deviation | None = Field(
        None,
        description="with tails: bounded, what an item (a cluster, against one of mean size) that "
        "nobody saw may lose at the most; null: unseen losses aren't paid for",
    )
    evenness: float = Field(
        1.0,
        gt=0,
        le=1,
        description="of clusters, how many of equal size have as many degrees of freedom as one of "
        "these: fewer than 1 where their sizes differ",
    )
    skew_doubt: float = Field(
        1.0,
        ge=1,
        description="of clusters, the error of their mean's skewness against that of equal ones",
    )


class PlannedUsers(Declaration):
    """What a number of users is planned with."""

    tuned_at: Size = Field(
        description="users of both arms at which the lower end is narrowest; the upper end, which "
        "shows harm, is so at an eighth of them"
    )
    a_day: Amount = Field(description="users of both arms who came of late")


class Required(Declaration):
    """A criterion's requirement, once the baseline's mean is known."""

    name: str
    role: Role = Field(
        description="primary: must gain more than min_gain; guard: must not lose margin or more; "
        "preference: people's win score; judge: a judge's, corrected by people; budget: must cost "
        "less than max_ratio times the baseline; ownership: must save min_gain or more a month; "
        "live_primary, live_guard: a primary and a guard over the users of a live experiment"
    )
    tier: Tier = Field(
        description="critical: a ship needs it; supporting: holds where it fails, doubt doesn't; "
        "advisory: decides nothing"
    )
    test_set: str
    metric: str
    unit: str = Field("", description="what the metric counts: characters; empty for a share")
    requires: str = Field(description="what is asked, in a few words")
    margin: KeptMargin | None = Field(
        description="the loss that a guard may show, in the metric's unit at this baseline"
    )
    relative_margin: RelativeMargin | None = Field(
        description="the same as a share of the baseline, where that was asked"
    )
    min_gain: MinGain | None = Field(description="what must gain has to pass")
    planned_gain: PlannedGain | None = Field(
        description="gain beyond min_gain to be detected; null: the policy's"
    )
    max_ratio: MaxRatio | None = Field(description="of a budget")
    quantile: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="of a budget that is judged at a quantile of the costs, which: baseline, "
        "candidate, difference and ratio are those of the quantiles; null: of the means",
    )
    bound: float | None = Field(
        description="what the interval's lower end must pass; null where a ratio is judged"
    )
    factor: float | None = Field(
        gt=0, description="the ratio that candidate/baseline is judged against, where one is"
    )
    higher_is_better: bool
    form: bool = Field(
        False,
        description="whether the metric says how an answer looks or what it cost, by no reference "
        "and no judge: what a guard gains then is no gain beyond belief",
    )
    tails: Tails | None = Field(
        None,
        description="bounded: the lower end pays for a tail that the items hold none of; null: it "
        "rests on what was seen",
    )

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        if self.kind.always_critical and self.tier != "critical":
            raise invalid(f"a {self.role} is critical, it can't be {self.tier}", "tier")
        needed = self.kind.keeps_to
        for name in ("min_gain", "margin", "max_ratio"):
            if (getattr(self, name) is not None) != (name == needed):
                raise invalid(f"a {self.role} has a {needed} and no other", name)
        if self.relative_margin is not None and needed != "margin":
            raise invalid("is for guards", "relative_margin")
        return self

    @property
    def kind(self) -> CriterionKind:
        """What is the same for all criteria of its kind."""
        return kind_of(self.role, self.name)

    @property
    def may_lose(self) -> bool:
        """Whether something may be lost: of a guard, and where a gain of less than 0 is asked."""
        return self.kind.may_lose(self)


class Measurement(Declaration):
    """What was measured for a criterion."""

    n: Size = Field(
        description="items that both arms answered; judgments, of a preference; users of both "
        "arms, of a live experiment"
    )
    clusters: Size | None = Field(description="null where each item stands for itself")
    baseline: float
    candidate: float
    difference: float = Field(description="positive where the candidate is better")
    lower: float
    upper: float
    ratio: Ratio | None = Field(
        description="candidate/baseline; null where the baseline's mean isn't above 0"
    )
    ratio_lower: Ratio | None = Field(description="null: unbounded on that side")
    ratio_upper: Ratio | None = Field(description="null: unbounded on that side")
    alpha: Level = Field(description="one-sided level of the end that must pass the bound")
    harm_alpha: Level = Field(description="one-sided level of the other end: harm")
    wins: Count
    losses: Count
    ties: Count
    most_lost: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="the most that could be lost on these items: how far the baseline's mean lies "
        "from the worst score that there is; null: no worst score is known",
    )
    unseen: UnseenTail | None = Field(
        None,
        description="of a guard with graded scores, what its items can't rule out; null elsewhere",
    )


class Tested(Declaration):
    """How it was tested, and what more items are planned with.

    `gap` is the distance that `needed_n` is planned to resolve. `sd` and `design_effect` are those
    of the differences; where a ratio is asked, of what tests it: candidate − factor·baseline.
    """

    p_value: Probability = Field(description="two-sided, against no difference")
    p_harm: Probability = Field(description="one-sided, against a loss that is bearable")
    p_bound: Probability | None = Field(
        None, description="one-sided, against no better than what is asked; null of a preference"
    )
    method: str
    test: str
    sd: Deviation
    design_effect: float = Field(gt=0)
    gap: float
    spread: PlannedSpread | None = Field(None, description="null: sd is taken for the truth")
    users: PlannedUsers | None = Field(
        None, exclude_if=is_none, description="of a live experiment; left out elsewhere"
    )


class Criterion(Tested, Measurement, Required):
    """A requirement with its measurement and the rule's result.

    `status`, `needed_n`, `needed_as_seen`, `needed_why`, `p_harm_adjusted` and `sentence` are set
    by the rule, which looks at all criteria.
    """

    chose: Count = Field(
        0,
        description="items of the test set that chose the baseline and aren't judged: as many of "
        "those that are added won't be either",
    )
    p_harm_adjusted: Probability = Field(
        1.0, description="by Holm over all that count: only for the words of the sentence"
    )
    status: Status = Status.OPEN
    needed_n: Size | None = Field(
        None,
        description="items in all, with those that choose the baseline, that would show what is "
        "asked, if what was planned is true: nothing is lost, or the planned gain is there; null "
        "where it is decided, or no number would",
    )
    needed_as_seen: Size | None = Field(
        None,
        description="the same number if the truth is the difference seen; null where the interval "
        "doesn't speak against what was planned, or no number would",
    )
    needed_why: str = Field("", description="how many more, with what that assumes; or why none")
    next_look: NextLook | None = Field(
        None, description="what needed_n is planned for; null: a fresh set at the same level"
    )
    sentence: str = ""

    @classmethod
    def of(
        cls,
        required: Required,
        measured: Measurement,
        tested: Tested,
        *,
        next_look: NextLook | None = None,
    ) -> Self:
        """The criterion before the rule has looked at it."""
        parts = dict(required) | dict(measured) | dict(tested)
        return cls(**parts, next_look=next_look)

    @property
    def can_show_a_loss(self) -> bool:
        """Whether these items could show more to be lost than may be. They can't where the
        baseline's mean is no further from the worst score than that."""
        if self.most_lost is None or not self.may_lose:
            return True
        return self.most_lost > self.kind.allowed_loss(self) + 1e-9

    @property
    def holds(self) -> bool:
        """Whether the interval lies wholly on the required side of the bound."""
        if self.factor is None:
            on_bound = self.kind.passes_at_bound and self.lower == self.bound
            return on_bound or (self.bound is not None and self.lower > self.bound)
        if self.higher_is_better:
            return self.ratio_lower is not None and self.ratio_lower > self.factor
        return self.ratio_upper is not None and self.ratio_upper < self.factor

    @property
    def fails(self) -> bool:
        """Whether the interval lies wholly on the other side."""
        if self.factor is None:
            return self.bound is not None and self.upper < self.bound
        if self.higher_is_better:
            return self.ratio_upper is not None and self.ratio_upper < self.factor
        return self.ratio_lower is not None and self.ratio_lower > self.factor

    @property
    def shown_to_lose(self) -> bool:
        """Whether it fails and no loss was allowed for, or more is lost than was."""
        return self.fails and (self.factor is not None or self.upper < min(self.bound or 0.0, 0.0))

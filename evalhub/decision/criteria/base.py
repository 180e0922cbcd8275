"""What every kind of criterion has: what it must keep to, its words, what it counts for. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from evalhub.decision.wording import (
    NOTHING,
    SAME_RUN,
    better,
    figure,
    gain_shown,
    loss_shown,
    percent,
    plain,
    size,
    with_sign,
    worse,
)

if TYPE_CHECKING:
    from evalhub.decision.criterion import Criterion, Required
    from evalhub.decision.requirements import Requirement

type Terms = "Requirement | Required"


class CriterionKind:
    """A kind of criterion: all that isn't the same for every criterion.

    A subclass is the whole kind, and its line in `evalhub.decision.criteria` adds it. What stands
    here holds for a difference of scores that has to be above a bound.

    Attributes:
        role: what a record calls it. Several budgets share one.
        order: of criteria that came out alike readers meet the smallest first.
        keeps_to: the field that says what it must keep to; a criterion has none of the other two.
        always_critical: it can be of no other tier.
        one_may_do: where a policy says `any-of`, one of several is enough.
        must_gain: a gain is asked, and not only that nothing is lost.
        of_quality: it speaks of quality, and not of cost alone.
        by_metric: a metric scores the answers to a test set, whose items can be looked at.
        by_item: measured on the two arms' values side by side, item by item; else on choices
            between answers, or on money.
        same_run_passes: it passes where both arms are one.
        spared_without_power: where its items can't show a loss it keeps no ship back.
        passes_at_bound: it passes where the interval's end lies on the bound.
        plans_gain: a number of items is planned for a gain; else for no loss.
        counts_judgments: what it counts are judgments, and its clusters are items.
        counts_users: what it counts are users of two arms, of whom nobody is in both: it has no
            wins, losses and ties, and its level of harm is shared out already.
        not_by_number: why no number of items would settle it; "" where one does.
        unplanned: why nothing was planned that a number could follow from.
        other_measure: what to do where the baseline's value isn't above 0, and a share is asked.
        demanded: the fields of a record's criterion that say what was asked on a test set.
        group: the heading that it stands under on a decision's page too; "" for none.
        assessed: the fields that `evalhub policy diff` compares by size, beside those that all
            kinds share: whether more of it is "stricter" or "easier".
    """

    role: ClassVar[str]
    order: ClassVar[int]
    keeps_to: ClassVar[Literal["min_gain", "margin", "max_ratio"]] = "min_gain"
    always_critical: ClassVar[bool] = False
    one_may_do: ClassVar[bool] = False
    must_gain: ClassVar[bool] = False
    of_quality: ClassVar[bool] = True
    by_metric: ClassVar[bool] = False
    by_item: ClassVar[bool] = False
    same_run_passes: ClassVar[bool] = False
    spared_without_power: ClassVar[bool] = False
    passes_at_bound: ClassVar[bool] = False
    plans_gain: ClassVar[bool] = True
    counts_judgments: ClassVar[bool] = False
    counts_users: ClassVar[bool] = False
    not_by_number: ClassVar[str] = ""
    unplanned: ClassVar[str] = "no gain was planned"
    other_measure: ClassVar[str] = "measure it anew"
    demanded: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[str] = ""
    assessed: ClassVar[Mapping[str, Literal["stricter", "easier"]]] = {}

    # What must hold

    def bound(self, terms: Terms) -> float:
        """The difference that the interval's lower end must pass."""
        return terms.min_gain or 0.0

    def factor(self, terms: Terms) -> float | None:
        """The ratio to the baseline that the candidate must keep to; None: a difference is
        asked."""
        return None

    def may_lose(self, terms: Terms) -> bool:
        """Whether something may be lost."""
        return (terms.min_gain or 0.0) < 0

    def allowed_loss(self, terms: Terms) -> float:
        """The loss that is allowed, in the metric's unit; below 0 where a gain is asked."""
        return -(terms.min_gain or 0.0)

    def gap(self, requirement: "Requirement", planned_gain: float) -> float:
        """The distance from the bound that a number of items is planned to show."""
        return planned_gain if requirement.planned_gain is None else requirement.planned_gain

    def gap_to(self, factor: float, baseline: float) -> float:
        """Distance from the factor to an arm that equals the baseline."""
        return abs(1 - factor) * abs(baseline)

    # Its words

    def requires(self, requirement: "Requirement") -> str:
        """The requirement in a few words."""
        if requirement.min_gain < 0:
            return f"may lose {plain(-requirement.min_gain)}"
        return (
            f"must gain over {plain(requirement.min_gain)}" if requirement.min_gain else "must gain"
        )

    def limit(self, c: "Criterion") -> str:
        """The limit that the candidate must keep to: "the margin of 0.02"."""
        return f"the {self.loss_limit(c)} it may"

    def loss_limit(self, c: "Criterion") -> str:
        """The largest loss that is allowed."""
        if c.relative_margin is not None:
            return f"{percent(c.relative_margin)} of it"
        return plain(self.allowed_loss(c))

    def bearable(self, c: "Criterion") -> str:
        """The loss that is allowed, after "beyond": "the 0.02 that may be lost"."""
        return f"the {self.loss_limit(c)} that may be lost"

    def measured(self, c: "Criterion") -> str:
        """The measured value with its interval, as the start of a sentence."""
        if c.factor is not None:
            return share_measured(c)
        side = "" if c.higher_is_better else f" (+: {better(c)})"
        return (
            f"{c.name} {with_sign(c.difference)} [{with_sign(c.lower)}, {with_sign(c.upper)}]{side}"
        )

    def passes(self, c: "Criterion") -> str:
        """What is shown of one that passes."""
        if not self.may_lose(c):
            if c.higher_is_better:
                return f"gains more than the {plain(c.min_gain)} that is asked"
            return f"{better(c)}, by more than the {plain(c.min_gain)} that is asked"
        if gain_shown(c):
            gain = "a gain" if c.higher_is_better else better(c)
            return f"{gain}, where {self.loss_limit(c)} may be lost"
        if c.higher_is_better:
            lost = "loses" if c.difference < -NOTHING else "if anything is lost, then"
            return f"{lost} less than {self.limit(c)}"
        lost = f"{worse(c)}," if c.difference < -NOTHING else f"if {worse(c)}, then"
        return f"{lost} by less than {self.limit(c)}"

    def fails(self, c: "Criterion") -> str:
        """What is shown of one that fails."""
        if not c.shown_to_lose:
            return f"falls short of the {plain(c.min_gain)} that is asked"
        if not self.may_lose(c):
            return "a loss, not a gain" if c.higher_is_better else f"{worse(c)}, not {better(c)}"
        if c.higher_is_better:
            return f"loses more than {self.limit(c)}"
        return f"{worse(c)}, beyond {self.limit(c)}"

    def facts(
        self, c: "Criterion", *, interval: str, candidate: str, baseline: str
    ) -> tuple[str, str]:
        """Two lines under the measured value, where it stands under the heading of its `group`.

        Args:
            interval, candidate, baseline: the criterion's numbers, as the page writes them.
        """
        return f"{interval}, where it {c.requires}", f"{candidate} where it was {baseline}"

    # The headline

    def headline_passes(self, criteria: "Sequence[Criterion]") -> list[str]:
        """What the headline says of those that pass, a clause each, of all criteria of the kind's
        role."""
        return []

    def where(self, c: "Criterion") -> str:
        """Where a difference was measured, at the end of a clause. What requests have themselves
        is per request: "fewer errors on errors" would say it twice."""
        return "per request" if self.counts_users and c.name == c.metric else f"on {c.name}"

    def headline_fails(self, c: "Criterion") -> str:
        """What the headline says where this is the worst failure."""
        if c.method == SAME_RUN:
            return f"is the baseline on {c.name}, where nothing can be gained"
        if not c.shown_to_lose and c.difference <= 0:
            return f"falls short of the {plain(c.min_gain)} that is asked on {c.name}"
        if not c.shown_to_lose:
            return (
                f"{gain_clause(c, 'only ')} {self.where(c)}, less than the {plain(c.min_gain)} "
                "that is asked"
            )
        lost = f"{loss_clause(c)} {self.where(c)}"
        return f"{lost}, {self._past} {self.limit(c)}" if self.may_lose(c) else lost

    def at_cost(self, c: "Criterion") -> str:
        """What a candidate that is as good costs, for the headline: "18% of the cost"; "" of what
        is no budget."""
        return ""

    _past: ClassVar[str] = "more than"

    # What would settle it

    def partly_shown(self, c: "Criterion") -> str:
        """What the interval of an open criterion shows all the same, as the start of a sentence; ""
        for nothing."""
        if self.may_lose(c) and loss_shown(c):
            return f"{loss_words(c)} is shown, but not whether it is beyond {self.bearable(c)}: "
        return ""

    def effect_shown(self, c: "Criterion", *, passing: bool) -> str:
        """The effect that so many items would show: that it passes, or that it fails."""
        if self.may_lose(c):
            if c.higher_is_better:
                return (
                    f"that less than {self.loss_limit(c)} is lost"
                    if passing
                    else f"a loss beyond {self.loss_limit(c)}"
                )
            return f"{worse(c)}, {'by less than' if passing else 'beyond'} {self.loss_limit(c)}"
        gain = plain(c.min_gain)
        if c.higher_is_better:
            lacking = "a loss" if not c.min_gain else f"a gain below the {gain} that is asked"
            return f"a gain of more than {gain}" if passing else lacking
        lacking = (
            worse(c) if not c.min_gain else f"{better(c)} by less than the {gain} that is asked"
        )
        return f"{better(c)}, by more than {gain}" if passing else lacking

    def assumption(self, c: "Criterion") -> str:
        """The true effect that the plan assumes, as a clause."""
        more = " more than is asked" if c.min_gain else ""
        return f"it really gains {plain(c.gap)}{more}"

    def observation(self, c: "Criterion") -> str:
        """The observed effect taken for the true one, as a clause."""
        if c.factor is not None:
            return f"it is the {percent(c.ratio)} seen here"
        amount = with_sign(c.difference)[1:]
        if not c.higher_is_better:
            return f"it is the {amount} {better(c) if c.difference > 0 else worse(c)} seen here"
        kind = "gain of " if c.difference > 0 else "" if self.may_lose(c) else "loss of "
        return f"it is the {kind}{amount} seen here"

    def no_number(self, c: "Criterion") -> str:
        """Why no number of items would help with what was measured; "" where one may."""
        return ""

    # Comparing two policies

    def demand(self, fields: Mapping[str, Any]) -> tuple[str, float] | None:
        """How the bound is measured, and the bound, of a criterion as its policy writes it; None
        where single fields are compared instead."""
        return None


def share_measured(c: "Criterion") -> str:
    """A measured ratio to the baseline with its interval, as the start of a sentence."""
    if c.ratio is None:
        return f"{c.name} {figure(c.candidate)} beside the baseline's {figure(c.baseline)}"
    if c.ratio_lower is None and c.ratio_upper is None:
        return f"{c.name} {percent(c.ratio)} of the baseline's {figure(c.baseline)}"
    ends = f"[{percent(c.ratio_lower)}, {percent(c.ratio_upper)}]"
    return f"{c.name} {percent(c.ratio)} {ends} of the baseline's {figure(c.baseline)}"


def gain_clause(c: "Criterion", only: str = "") -> str:
    """A gain, as the headline's verb: "gains 0.10", "has 0.10 less loss"."""
    if c.higher_is_better:
        return f"gains {only}{size(c.difference)}"
    return f"has {only}{size(c.difference)} {better(c)}"


def loss_clause(c: "Criterion") -> str:
    """A loss, as the headline's verb."""
    if c.higher_is_better:
        return f"loses {size(c.difference)}"
    return f"has {size(c.difference)} {worse(c)}"


def loss_words(c: "Criterion") -> str:
    """A loss, as a noun."""
    return "a loss" if c.higher_is_better else f"that it has {worse(c)}"

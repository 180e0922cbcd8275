"""A criterion on what owning the candidate saves a month: measured costs, and ranges beside. Pure.

Saved a month is traffic · (what a request costs now − what it costs by the candidate), item by
item, and what is paid by the month beside, which is a range [low, high]. Its interval is that of
the paired differences with the range's ends added to its ends: it holds what is saved at the
criterion's level wherever in the range the truth lies. Its p-values likewise are those of the worst
case, by the same test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.criteria.ownership import Ownership, OwnershipBudget
from evalhub.decision.criterion import Criterion, Measurement, Tested
from evalhub.decision.measuring import requirement_at
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.ownership import OwnershipSection
from evalhub.declare.cost_sheet import Ends
from evalhub.stats.paired import compare, p_one_sided

METRIC = "net_monthly"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OwnershipEvidence:
    """The criterion, where it could be measured; what a ship waits for, one sentence each; the
    record's section."""

    criteria: Sequence[Criterion] = ()
    pending: Sequence[str] = ()
    section: OwnershipSection | None = None


@dataclass(frozen=True, slots=True)
class MonthlyCosts:
    """What both arms cost a month.

    Attributes:
        baseline, candidate: by item, shape (n,), what a month's requests cost if all were like it;
            0 of an arm that isn't paid by the request.
        present, monthly: what is paid beside, as ranges: the baseline's bill and the candidate's.
    """

    baseline: Array
    candidate: Array
    present: Ends
    monthly: Ends
    clusters: Sequence[str] | None = None
    weights: Array | None = None

    @property
    def beside(self) -> tuple[float, float]:
        """Savings beside requests, at the worst and at the best."""
        return self.present.low - self.monthly.high, self.present.high - self.monthly.low


def ownership_criterion(
    budget: OwnershipBudget,
    costs: MonthlyCosts,
    *,
    test_set: str,
    currency: str,
    alpha: float,
    harm_alpha: float,
) -> Criterion:
    """The budget measured: it holds where the lower end is `net_monthly_min` or more, and fails
    where the upper end is below it."""
    requirement = Requirement(
        name=Ownership.key,
        role=Ownership.role,
        test_set=test_set,
        metric=METRIC,
        min_gain=budget.net_monthly_min,
        higher_is_better=False,
        tier=budget.tier,
        unit=currency,
    )
    bound, (worst, best) = budget.net_monthly_min, costs.beside
    most = float(max(costs.baseline.max(), costs.candidate.max())) or 1.0
    base, tuned = costs.baseline / most, costs.candidate / most
    comparison = compare(
        tuned,
        base,
        clusters=costs.clusters,
        weights=costs.weights,
        alpha=alpha,
        upper_alpha=harm_alpha,
        bounds=(0.0, 1.0),
    )
    flat = not (costs.baseline.any() or costs.candidate.any())
    lower, upper = (0.0, 0.0) if flat else (most * comparison.lower, most * comparison.upper)

    def p_value(at: float, side: Literal["less", "greater"]) -> float:
        """One-sided p-value against a saving on requests of `at` a month at most (or at least)."""
        if flat:
            return 0.0 if (at < 0 if side == "greater" else at > 0) else 1.0
        share = at / most
        if abs(share) >= 1:  # beyond all that can be saved
            return float(share > 0) if side == "greater" else float(share < 0)
        return p_one_sided(
            tuned,
            base,
            bound=share,
            alternative=side,
            clusters=costs.clusters,
            weights=costs.weights,
            bounds=(0.0, 1.0),
            alpha=alpha if side == "greater" else harm_alpha,
        )

    present = most * comparison.candidate + costs.present.value
    monthly = most * comparison.baseline + costs.monthly.value
    return Criterion.of(
        requirement_at(requirement, present),
        Measurement(
            n=comparison.n,
            clusters=comparison.clusters,
            baseline=present,
            candidate=monthly,
            difference=present - monthly,
            lower=min(lower + worst, present - monthly),
            upper=max(upper + best, present - monthly),
            alpha=alpha,
            harm_alpha=harm_alpha,
            wins=comparison.wins,
            losses=comparison.losses,
            ties=comparison.ties,
            ratio=None,
            ratio_lower=None,
            ratio_upper=None,
        ),
        Tested(
            p_value=min(1.0, 2 * min(p_value(-worst, "greater"), p_value(-best, "less"))),
            method="ranges alone" if flat else f"{comparison.method}, and the ranges' ends",
            test="the ranges' ends" if flat else f"{comparison.test}, at the ranges' ends",
            p_harm=p_value(min(bound, 0.0) - best, "less"),
            p_bound=p_value(bound - worst, "greater"),
            sd=most * comparison.sd,
            design_effect=comparison.design_effect,
            gap=0.0,
        ),
    )

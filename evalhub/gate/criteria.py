"""One criterion: what must hold, what was measured, and whether it holds. Pure.

Differences are oriented: positive is better for the candidate, also for metrics of which less
is better (latency, tokens), where the two arms' values stand as measured and the sign of the
difference is turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from evalhub.stats.paired import compare, p_one_sided
from evalhub.stats.power import paired_sample_size

SAME_RUN = "the same run for both arms"

Role = Literal["primary", "guard", "preference"]
Status = Literal["pass", "fail", "undecided"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must hold on one test set by one metric.

    Attributes:
        name: the criterion's name in reports.
        role: "primary" must gain more than `min_gain`; "guard" must not lose `margin` or more;
            "preference" is people's win score, which must pass `min_gain` above one half.
        margin: loss that a guard may show, in the metric's own unit, 0 or more.
        min_gain: gain that a primary must pass, in the metric's own unit.
        higher_is_better: whether more of the metric is better.
    """

    name: str
    role: Role
    test_set: str
    metric: str
    margin: float = 0.02
    min_gain: float = 0.0
    higher_is_better: bool = True

    @property
    def bound(self) -> float:
        """The difference that the interval's lower end must pass."""
        return -self.margin if self.role == "guard" else self.min_gain


@dataclass(frozen=True, slots=True)
class Criterion:
    """A requirement with its measurement.

    `status` and `needed_n` are set by the verdict, which looks at all criteria. `sd` is that of
    the differences, `gap` the distance that `needed_n` is planned to resolve.
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
    status: Status = "undecided"

    def as_json(self) -> dict[str, Any]:
        """The criterion as `compare --json` and decision records write it, whole."""
        asked = self.requirement
        return {
            "name": asked.name,
            "role": asked.role,
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
            "margin": asked.margin if asked.role == "guard" else None,
            "min_gain": asked.min_gain if asked.role != "guard" else None,
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


def measure(
    requirement: Requirement,
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: Sequence[str] | None = None,
    alpha: float,
    planned_gain: float,
) -> Criterion:
    """Measures one requirement on aligned scores.

    Args:
        baseline, candidate: scores of shape (n,) or (n, samples), aligned by item, no NaN.
        clusters: cluster labels of shape (n,), or None where items are independent.
        alpha: one-sided level of the bounds, so the interval's level is 1 − 2·alpha.
        planned_gain: gain beyond `min_gain` that the study is to detect, for `needed_n`.

    Raises:
        evalhub.stats.errors.StatisticsError: no items, unequal shapes, NaN.
    """
    sign = 1.0 if requirement.higher_is_better else -1.0
    base = sign * np.asarray(baseline, dtype=float)
    tuned = sign * np.asarray(candidate, dtype=float)
    found = compare(base, tuned, clusters=clusters, alpha=alpha)
    harm_bound = min(requirement.bound, 0.0)
    p_harm = p_one_sided(base, tuned, bound=harm_bound, alternative="less", clusters=clusters)
    gap = requirement.margin if requirement.role == "guard" else planned_gain
    return Criterion(
        requirement=requirement,
        n=found.n,
        clusters=found.clusters,
        baseline=sign * found.baseline,
        candidate=sign * found.candidate,
        difference=found.difference,
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        p_value=found.p_value,
        wins=found.wins,
        losses=found.losses,
        ties=found.ties,
        method=found.method,
        test=found.test,
        p_harm=p_harm,
        sd=found.sd,
        design_effect=found.design_effect,
        gap=gap,
    )


def same_run(requirement: Requirement, scores: NDArray[np.float64], *, alpha: float) -> Criterion:
    """The criterion of an arm that *is* the baseline on this test set: nothing can differ."""
    mean = float(scores.mean())
    return Criterion(
        requirement=requirement,
        n=len(scores),
        clusters=None,
        baseline=mean,
        candidate=mean,
        difference=0.0,
        lower=0.0,
        upper=0.0,
        level=1 - 2 * alpha,
        p_value=1.0,
        wins=0,
        losses=0,
        ties=len(scores),
        method=SAME_RUN,
        test="none: the arms are one here",
        p_harm=1.0,
        sd=0.0,
        design_effect=1.0,
        gap=requirement.margin,
    )


def needed_items(criterion: Criterion, open_criteria: int) -> int | None:
    """Items in all that would settle a criterion with power 1 − .2/open_criteria.

    n = σ_d²·deff·(z_{1−α}+z_{1−β})²/gap², and never fewer than the items at which an interval
    without a single discordant pair would clear the gap (Tango: z²/(n+z²) < gap). The gap is
    planned, never the observed effect. None where the gap is 0: no number of items shows that
    a difference of nothing is more than nothing.
    """
    gap = criterion.gap
    if gap <= 0:
        return None
    alpha = (1 - criterion.level) / 2
    by_variance = 0
    if criterion.sd > 0:
        by_variance = paired_sample_size(
            criterion.sd,
            gap,
            alpha=alpha,
            power=1 - 0.2 / open_criteria,
            design_effect=criterion.design_effect,
        )
    z_squared = float(ndtri(1 - alpha) ** 2)
    by_silence = ceil(z_squared * (1 - gap) / gap) if gap < 1 else 1
    return max(by_variance, by_silence)

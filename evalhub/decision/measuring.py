"""One criterion measured on two arms' aligned scores. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isinf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.decision.criterion import (
    Criterion,
    Measurement,
    PlannedPeople,
    PlannedSpread,
    Required,
    Tested,
)
from evalhub.decision.quantile_budget import at_quantile
from evalhub.decision.requirements import Requirement
from evalhub.decision.shares import ratio_limits
from evalhub.decision.tails import unseen_tail_of
from evalhub.decision.wording import SAME_RUN
from evalhub.stats.levels import HARM_ALPHA
from evalhub.stats.paired import compare, p_one_sided
from evalhub.stats.power_spread import Spread, spread_of
from evalhub.stats.ratios import (
    Contrast,
    contrast,
    p_contrast,
    p_ratio_at_least,
    p_ratio_at_most,
    ratio_of_means,
)

NO_SHARE = "the baseline's mean isn't above 0: nothing can be a share of it"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Share:
    """The candidate's mean as a share of the baseline's, and what tests it against its factor."""

    ratio: float | None
    lower: float | None
    upper: float | None
    p_harm: float
    p_bound: float
    spread: Spread
    sd: float
    design_effect: float
    gap: float
    method: str


def requirement_at(requirement: Requirement, baseline: float) -> Required:
    """What is asked, in the metric's unit where the baseline's mean is this."""
    kind = requirement.kind
    guard, gains = (kind.keeps_to == name for name in ("margin", "min_gain"))
    share = requirement.relative_margin if guard else None
    margin = requirement.margin if share is None else share * abs(baseline)
    return Required(
        name=requirement.name,
        role=requirement.role,
        tier=requirement.tier,
        test_set=requirement.test_set,
        metric=requirement.metric,
        unit=requirement.unit,
        requires=kind.requires(requirement),
        margin=margin if guard else None,
        relative_margin=share,
        min_gain=requirement.min_gain if gains else None,
        planned_gain=requirement.planned_gain if kind.must_gain else None,
        max_ratio=requirement.max_ratio,
        quantile=requirement.quantile,
        bound=requirement.bound if requirement.factor is None else None,
        factor=requirement.factor,
        higher_is_better=requirement.higher_is_better,
        form=requirement.form,
        tails=requirement.tails,
    )


def measure(
    requirement: Requirement,
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
    unchanged: NDArray[np.bool_] | None = None,
    alpha: float,
    harm_alpha: float = HARM_ALPHA,
    planned_gain: float,
) -> Criterion:
    """Measure one requirement on aligned scores.

    Args:
        baseline, candidate: scores of shape (n,) or (n, samples), aligned by item, no NaN.
        clusters: cluster labels of shape (n,), or None where items are independent.
        weights: how much each item counts, shape (n,), above 0; None: alike.
        unchanged: mask of items that are ties whatever their difference, shape (n,).
        alpha: one-sided level of the interval's end that must pass the bound.
        harm_alpha: one-sided level of the other end.
        planned_gain: gain beyond `min_gain` that the study is to detect, for `needed_n`, where
            the requirement has none of its own.

    Raises:
        evalhub.stats.errors.StatisticsError: no items, unequal shapes, NaN.
    """
    base, tuned = np.asarray(baseline, dtype=float), np.asarray(candidate, dtype=float)
    worse, better = (base, tuned) if requirement.higher_is_better else (tuned, base)
    bounds, bounded = requirement.bounds, requirement.tails is not None
    comparison = compare(
        worse,
        better,
        clusters=clusters,
        weights=weights,
        alpha=alpha,
        upper_alpha=harm_alpha,
        bounds=bounds,
        bounded_tails=bounded,
        unchanged=unchanged,
    )
    means = (comparison.baseline, comparison.candidate)
    base_mean, tuned_mean = means if requirement.higher_is_better else means[::-1]
    share = None
    if requirement.factor is not None:
        share = _share(
            requirement,
            base,
            tuned,
            base_mean,
            tuned_mean,
            clusters,
            weights,
            # Of a ratio that must stay low the upper end is the one that must pass.
            (alpha, harm_alpha) if requirement.higher_is_better else (harm_alpha, alpha),
        )
    if share is None:
        p_value = partial(
            p_one_sided,
            worse,
            better,
            clusters=clusters,
            weights=weights,
            bounds=bounds,
            bounded_tails=bounded,
        )
        share = _Share(
            ratio=None,
            lower=None,
            upper=None,
            p_harm=p_value(bound=min(requirement.bound, 0.0), alternative="less", alpha=harm_alpha),
            p_bound=p_value(bound=requirement.bound, alternative="greater", alpha=alpha),
            spread=spread_of(
                worse,
                better,
                bound=requirement.bound,
                clusters=clusters,
                weights=weights,
                bounds=bounds,
                bounded_tails=bounded,
            ),
            sd=comparison.sd,
            design_effect=comparison.design_effect,
            gap=requirement.kind.gap(requirement, planned_gain),
            method=comparison.method,
        )
    required = requirement_at(requirement, base_mean)
    unseen = None
    if required.margin is not None:
        unseen = unseen_tail_of(
            worse,
            better,
            clusters=clusters,
            weights=weights,
            bounds=bounds,
            margin=required.margin,
            alpha=alpha,
        )
    criterion = Criterion.of(
        required,
        Measurement(
            unseen=unseen,
            n=comparison.n,
            clusters=comparison.clusters,
            baseline=base_mean,
            candidate=tuned_mean,
            difference=comparison.difference,
            lower=comparison.lower,
            upper=comparison.upper,
            alpha=alpha,
            harm_alpha=harm_alpha,
            wins=comparison.wins,
            losses=comparison.losses,
            ties=comparison.ties,
            ratio=share.ratio,
            ratio_lower=share.lower,
            ratio_upper=share.upper,
            most_lost=_most_lost(requirement, base_mean, base, tuned),
        ),
        Tested(
            p_value=comparison.p_value,
            method=share.method,
            test=comparison.test,
            p_harm=share.p_harm,
            p_bound=share.p_bound,
            spread=record_spread(share.spread),
            sd=share.sd,
            design_effect=share.design_effect,
            gap=share.gap,
        ),
    )
    if requirement.quantile is None:
        return criterion
    return at_quantile(
        criterion,
        base,
        tuned,
        quantile=requirement.quantile,
        clusters=clusters,
        weights=weights,
    )


def same_run(
    requirement: Requirement, scores: Array, *, alpha: float, harm_alpha: float = HARM_ALPHA
) -> Criterion:
    """The criterion of an arm that shares the baseline's run on this test set: no difference is
    possible."""
    mean, factor = float(scores.mean()), requirement.factor
    share = None if factor is None else 1.0
    return Criterion.of(
        requirement_at(requirement, mean),
        Measurement(
            n=len(scores),
            clusters=None,
            baseline=mean,
            candidate=mean,
            difference=0.0,
            lower=0.0,
            upper=0.0,
            alpha=alpha,
            harm_alpha=harm_alpha,
            wins=0,
            losses=0,
            ties=len(scores),
            ratio=share,
            ratio_lower=share,
            ratio_upper=share,
        ),
        Tested(
            p_value=1.0,
            method=SAME_RUN,
            test="none: the arms are one here",
            p_harm=1.0,
            sd=0.0,
            design_effect=1.0,
            gap=requirement.margin if factor is None else requirement.kind.gap_to(factor, mean),
        ),
    )


def record_spread(spread: Spread) -> PlannedSpread:
    """A spread in the record's form."""
    df = None if isinf(spread.df) else spread.df
    people = spread.people
    return PlannedSpread(
        sd=spread.sd,
        at_bound=spread.at_bound,
        df=df,
        skew=spread.skew,
        worst=spread.worst,
        evenness=spread.sizes.evenness,
        skew_doubt=spread.sizes.doubt,
        people=None
        if people is None
        else PlannedPeople(count=people.count, lean=people.lean, df=people.known, sd=people.sd),
    )


def _most_lost(requirement: Requirement, baseline: float, *scores: Array) -> float | None:
    """The largest possible loss: from the baseline's mean to the worst score; None where no worst
    score is known. Without declared bounds it is known where every score is 0 or 1."""
    worst = requirement.worst
    if not requirement.kind.by_metric:
        return None
    if worst is None:
        if not all(np.isin(each, (0.0, 1.0)).all() for each in scores):
            return None
        worst = 0.0 if requirement.higher_is_better else 1.0
    return abs(baseline - worst)


def _share(
    requirement: Requirement,
    base: Array,
    tuned: Array,
    base_mean: float,
    tuned_mean: float,
    clusters: Sequence[str] | None,
    weights: ArrayLike | None,
    levels: tuple[float, float],
) -> _Share:
    """The ratio that a budget or a relative guard asks for; its ends are at these two levels.

    What tests it is the paired difference candidate − factor·baseline against 0: by Fieller's
    interval for a budget, by the paired comparison's own choice of method for a guard.
    """
    factor = requirement.factor or 1.0
    bounded = requirement.tails is not None

    lowest, highest = levels

    def against(ratio: float) -> Contrast:
        return contrast(
            base,
            tuned,
            factor=ratio,
            clusters=clusters,
            weights=weights,
            alpha=lowest,
            upper_alpha=highest,
            bounds=requirement.bounds,
            exact_at=factor,
            bounded_tails=bounded,
        )

    tested = against(factor)
    gap = requirement.kind.gap_to(factor, base_mean)
    arms = (factor * base, tuned) if requirement.higher_is_better else (tuned, factor * base)
    spread = spread_of(*arms, bound=0.0, clusters=clusters, weights=weights, bounded_tails=bounded)
    if min(float(base.min()), float(tuned.min())) < 0 or base_mean <= 0:
        return _Share(
            None, None, None, 1.0, 1.0, spread, tested.sd, tested.design_effect, gap, NO_SHARE
        )
    limits: tuple[float | None, float | None]
    if requirement.kind.keeps_to == "max_ratio":
        estimate = ratio_of_means(
            base, tuned, clusters=clusters, weights=weights, alpha=lowest, upper_alpha=highest
        )
        p_harm = p_ratio_at_most(base, tuned, bound=factor, clusters=clusters, weights=weights)
        p_bound = p_ratio_at_least(base, tuned, bound=factor, clusters=clusters, weights=weights)
        share, limits, method = estimate.ratio, (estimate.lower, estimate.upper), estimate.method
    else:
        sides: tuple[Literal["less", "greater"], ...] = ("less", "greater")
        p_harm, p_bound = (
            p_contrast(
                base,
                tuned,
                factor=factor,
                alternative=side,
                clusters=clusters,
                weights=weights,
                bounds=requirement.bounds,
                exact_at=factor,
                bounded_tails=bounded,
            )
            for side in (sides if requirement.higher_is_better else sides[::-1])
        )
        share = tuned_mean / base_mean
        limits = ratio_limits(
            lambda ratio: against(ratio).lower,
            lambda ratio: -against(ratio).upper,
            share=share,
            factor=factor,
        )
        method = f"{tested.method} of candidate − {factor:g}·baseline"
    return _Share(
        ratio=share,
        lower=limits[0],
        upper=limits[1],
        p_harm=p_harm,
        p_bound=p_bound,
        spread=spread,
        sd=tested.sd,
        design_effect=tested.design_effect,
        gap=gap,
        method=method,
    )

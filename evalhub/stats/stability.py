"""How far the shares of categories lie apart in two samples of requests: the population stability
index, with its size, its limits and a test that knows that requests of a user belong together.

PSI = Σ(q − p)·ln(q/p). Without a change PSI·nm/(n + m)/(B − 1) is about an F, times the design
effect: how much more the shares vary than if each request came from another user. With the
eigenvalues λ of the shares' covariance beside that of single requests,

    deff = λ̄,  F has (B − 1)/(1 + a²) and n_e − 2 degrees of freedom,  1 + a² = Σλ²/((B − 1)λ̄²)

(Rao and Scott 1981, JASA 76:221, "The analysis of categorical data from complex sample surveys",
with the second-order correction and the F of Thomas and Rao 1987, JASA 82:630; n_e the effective
users of both samples). Without clusters and with many users that is χ² with B − 1. With a change it
is about noncentral χ², of which the limits are inverted, scaled so that at their level they agree
with F. Folk limits for PSI of .1 and .25 don't know n: without a change its mean is
(B − 1)(1/n + 1/m), at ten categories and 200 requests .09.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.category_sums import CategorySums
from evalhub.stats.distributions import (
    chi_square_noncentrality,
    chi_square_upper_quantile,
    f_tail,
    f_upper_quantile,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

FEWEST_USERS = 2
"""Of a sample: a variance between users needs two."""
FEWEST_IN_CATEGORY = 20.0
"""Effective users (Σc)²/Σc² of a category in both samples together; rarer ones are one category,
the rest. With 10 the test's level of .01 was .048 by simulation for users of very unequal size."""
EMPTY = 0.5
"""Requests that a category is supposed to have where it has none, so that PSI has a value."""


@dataclass(frozen=True, slots=True)
class Stability:
    """The stability index of two samples of requests.

    Attributes:
        psi: its value.
        lower, upper: one-sided limits at `alpha` each; 0 where the test doesn't tell it from 0.
        p_value: that there is no change.
        alpha: level of the limits.
        design_effect: by which requests vary more than if each had a user of its own; at least 1.
        users, requests: of the reference and of the recent sample.
        shares: (categories, 2) of the reference and the recent sample, all categories.
        rest: indexes of the categories that are too rare to be compared one by one, and that were
            compared together.
        empty: indexes of compared categories that one sample doesn't have, by which PSI is as large
            as the half a request that they were supposed to have; −1 is the rest.
    """

    psi: float
    lower: float
    upper: float
    p_value: float
    alpha: float
    design_effect: float
    users: tuple[int, int]
    requests: tuple[int, int]
    shares: Array
    rest: tuple[int, ...]
    empty: tuple[int, ...]


def stability_index(reference: ArrayLike, recent: ArrayLike) -> float:
    """Σ(q − p)·ln(q/p) of shares or counts (categories,) above 0."""
    p, q = np.asarray(reference, dtype=float), np.asarray(recent, dtype=float)
    if p.shape != q.shape or p.ndim != 1 or not (p > 0).all() or not (q > 0).all():
        raise StatisticsError("the stability index compares the same categories, all above 0")
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def stability(
    reference: ArrayLike | CategorySums, recent: ArrayLike | CategorySums, *, alpha: float = ALPHA
) -> Stability:
    """The index of two samples, its limits and its test.

    A user of both samples counts as two, by which the test is rather too careful.

    Args:
        reference, recent: (users, categories), how many requests of each category a user had; or
            what these add up to.
        alpha: one-sided level of each limit.

    Raises StatisticsError for counts that are none, fewer than two users with requests, and fewer
    than two categories that were used.
    """
    check_alpha(alpha)
    samples = [_sums(sample) for sample in (reference, recent)]
    if samples[0].totals.shape != samples[1].totals.shape:
        raise StatisticsError("both samples have the same categories")
    shares = np.column_stack([sample.totals / sample.total for sample in samples])
    effective = (samples[0] + samples[1]).effective_users
    rare = (effective > 0) & (effective < FEWEST_IN_CATEGORY)
    common = effective >= FEWEST_IN_CATEGORY
    names = [*np.flatnonzero(common).tolist(), *([-1] if rare.any() else [])]
    if len(names) < 2:
        raise StatisticsError("two or more categories are compared, with users enough")
    pooled = [_pooled(sample, common, len(names)) for sample in samples]
    totals = [sample.totals for sample in pooled]
    empty = [name for name, *counts in zip(names, *totals, strict=True) if 0 in counts]
    psi = stability_index(*(np.where(total == 0, EMPTY, total) for total in totals))
    n, m = (float(total.sum()) for total in totals)
    spread = _spread(pooled)
    scale = n * m / (n + m)
    statistic = psi * scale / spread.design_effect
    df, quantile = len(names) - 1, f_upper_quantile(alpha, spread.df, spread.other_df)
    wider = max(quantile * df / chi_square_upper_quantile(alpha, df), 1.0)
    lower, upper = (
        chi_square_noncentrality(statistic / wider, df, p) * wider * spread.design_effect / scale
        for p in (1 - alpha, alpha)
    )
    return Stability(
        psi,
        lower,
        upper,
        f_tail(statistic / df, spread.df, spread.other_df),
        alpha,
        spread.design_effect,
        (samples[0].users, samples[1].users),
        (round(n), round(m)),
        shares,
        tuple(np.flatnonzero(rare).tolist()),
        tuple(empty),
    )


def _sums(sample: ArrayLike | CategorySums) -> CategorySums:
    sums = sample if isinstance(sample, CategorySums) else CategorySums.of(sample)
    if sums.users < FEWEST_USERS:
        raise StatisticsError(f"a sample has {FEWEST_USERS} users or more, not {sums.users}")
    return sums


def _pooled(sample: CategorySums, common: NDArray[np.bool_], count: int) -> CategorySums:
    """The common categories, and the rare ones as one, the last; those that nobody has add nothing
    to it."""
    groups = np.where(common, np.cumsum(common) - 1, count - 1)
    return sample.in_groups(groups, count)


@dataclass(frozen=True, slots=True)
class _Spread:
    design_effect: float
    df: float
    other_df: float


def _spread(samples: list[CategorySums]) -> _Spread:
    """How the shares' difference varies beside that of single requests, without a change."""
    both = samples[0] + samples[1]
    n, m = (sample.total for sample in samples)
    pi = both.totals / both.total
    covariance = samples[0].share_covariance() + samples[1].share_covariance()
    effects = covariance * n * m / (n + m) / np.sqrt(np.outer(pi, pi))
    df = len(pi) - 1
    mean = float(np.trace(effects)) / df
    unequal = float((effects**2).sum()) / (df * mean**2) if mean > 0 else 1.0
    users = both.effective_users_of_all
    return _Spread(max(mean, 1.0), df / max(unequal, 1.0), max(users - 2, 1.0))

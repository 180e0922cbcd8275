"""Evidence for a lasting step to the worse in a series of batches, looked at after each of them.

Batch i has the value y_i = l_i + b·covariates_i + δ·[i ≥ s] + e_i with e_i ~ N(0, σ²/weight_i). The
level l may wander: l_(i+1) − l_i ~ N(0, q·σ²), q known, 0 where it stands still. l_0, b and σ are
unknown and have the right-Haar prior, δ/σ is half-normal with variance 1/g to the worse side. With
weights that average 1 over the reference, σ is the deviation of a usual batch. The covariance of
the values is σ²·V, V_ij = [i = j]/weight_i + q·min(i, j); values and columns are divided by its
Cholesky factor, which no later batch changes. For each s after the reference, the Bayes factor of a
step at s against none is

    ln LR_s(t) = ½ ln(g/(g + n)) − ½ d ln(1 − z²) + ln(2·T_d(z·√(d/(1 − z²)))),
    z = c/√((g + n)·RSS)

with d = t − rank of the nuisance columns, RSS the residuals' sum of squares without a step, n and c
the products of the step's column, nuisance taken out, with itself and with y (to the worse side).
The first two terms are the anytime-valid F-test of Lindon, Ham, Tingley and Bojinov 2022
(arXiv:2210.08589); the third makes it one-sided, since the posterior of δ is Student's t with d
degrees of freedom. LR_s(s − 1) is 1, and while nothing changes LR_s is a martingale in t.

The sum M_t = Σ_s LR_s(t) over the steps after the reference is Shiryaev and Roberts' (Shin, Ramdas
and Rinaldo 2024, "E-detectors: a nonparametric framework for sequential change detection", New
England Journal of Statistics in Data Science 2:229). M_t − t is a martingale. If an alarm is raised
at M ≥ A and the sum begins anew after it, then for the k-th alarm τ_k and beginning ρ_(k−1)

    A·P(τ_k ≤ n) ≤ E[M at min(τ_k, n)] = E[min(τ_k, n) − ρ_(k−1)],

and summed over k: A·E[alarms in n steps] ≤ n. To wait longer before an alarm or a new beginning,
for whatever reason, only leaves out terms of M, all of them positive: no k-th alarm comes sooner.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from evalhub.stats.distributions import t_cdfs, t_quantile
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]
Worse = Literal["higher", "lower"]

WANDER = 0.001
"""q of what grows and shrinks by itself, as requests a day: it moves by a third of a usual batch's
deviation in 90 batches. Where the level stands still, it lowers the evidence."""
STEP_PRECISION = 1 / 4
"""g: steps of about two deviations of a usual batch. Larger ones are noticed as soon, by simulation
(docs/explanation/decisions/monitor-evidence.md)."""
LOWER_END = 0.05
"""One-sided level of the lower end of a change that is worth an alarm."""
ROUNDING = 1e-9
"""Deviations of less than this share of the values are rounding errors."""
_AT_ONCE = 16
"""Batches, all steps of each: one by one numpy's calls took most of the time."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Where the sum begins anew, after an alarm was resolved.

    Attributes:
        after: index of the last batch before it; steps after that count.
        changed_since: the batches from this index to `after` were changed and have been mended, so
            that later ones are compared without them; None: they were as ever.
    """

    after: int
    changed_since: int | None = None


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """Evidence after each batch that there was a step to the worse, and where.

    Attributes:
        log_sums: (batches,) ln M_t; −∞ within the reference, and everywhere where nothing is known
            of σ (`varies`).
        since: (batches,) index of the most likely first batch of the step; −1 where there is none.
        varies: whether the reference's batches deviate, or have variances; without that nothing is
            known of σ, and no value is evidence.
    """

    log_sums: Array
    since: NDArray[np.intp]
    varies: bool


@dataclass(frozen=True, slots=True)
class StepChange:
    """How the batches since a step differ from the reference; > 0 is worse.

    Attributes:
        estimate: difference of the values.
        se: its standard error, of both sides.
        df: degrees of freedom of Student's t.
        lower: one-sided 95% lower end.
    """

    estimate: float
    se: float
    df: int
    lower: float


def threshold(*, false_alarms_a_year: float, steps_a_year: float, streams: int) -> float:
    """A, by which `streams` raise at most so many false alarms a year together: alarm at M ≥ A.

    A stream raises n/A in n steps at most, and expectations add up, however streams depend on each
    other.

    Raises StatisticsError unless all are above 0.
    """
    if not (0 < false_alarms_a_year < math.inf and 0 < steps_a_year < math.inf and streams > 0):
        raise StatisticsError("false alarms, steps and streams are numbers above 0")
    return steps_a_year * streams / false_alarms_a_year


def change_evidence(
    values: ArrayLike,
    weights: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    reference: int,
    worse: Worse,
    variances: ArrayLike | None = None,
    restarts: Sequence[Restart] = (),
    precision: float = STEP_PRECISION,
    wander: float = 0.0,
) -> StepEvidence:
    """Evidence of a step to the worse after each batch.

    Args:
        values: (batches,) in the order of time.
        weights: (batches,) above 0, as effective users.
        covariates: (batches, k) or (batches,), what else moves the values, as weekends.
        reference: how many of the first batches are the reference, in which there is no step.
        variances: (batches,) of the values within batches, which σ²/weight is never supposed to be
            below. It only lowers the evidence, so that the rate of false alarms stays.
        restarts: in the order of time.
        precision: g.
        wander: q.

    Raises StatisticsError for values that aren't finite, shapes that don't fit, and a reference
    that leaves no degree of freedom.
    """
    rows = _rows(values, weights, covariates, variances, reference=reference, worse=worse)
    count = len(rows.values)
    log_sums, since = np.full(count, -np.inf), np.full(count, -1, dtype=np.intp)
    if rows.least_variance is None:
        return StepEvidence(log_sums, since, varies=False)
    first, left_out = reference, np.zeros(count, dtype=bool)
    ends = [restart.after + 1 for restart in restarts] + [count]
    if ends != sorted(ends) or ends[0] < reference:
        raise StatisticsError("restarts lie after the reference, in the order of time")
    for end, restart in zip(ends, [*restarts, None], strict=True):
        log_sums[first:end], since[first:end] = _log_sums(
            rows, left_out, first, end, precision, wander
        )
        first = end
        if restart is not None and restart.changed_since is not None:
            left_out[max(restart.changed_since, reference) : end] = True
    return StepEvidence(log_sums, since, varies=True)


def change_since(
    values: ArrayLike,
    weights: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    reference: int,
    since: int,
    worse: Worse,
    variances: ArrayLike | None = None,
    wander: float = 0.0,
) -> StepChange:
    """The change of the batches from index `since` on against those of the reference alone, by
    generalised least squares with the covariates; arguments and errors as of `change_evidence`."""
    if not reference <= since < len(np.asarray(values)):
        raise StatisticsError(f"a change begins after the reference, before the end: not {since}")
    rows = _rows(values, weights, covariates, variances, reference=reference, worse=worse)
    taken = np.r_[0:reference, since : len(rows.values)]
    design, y = _whitened(
        rows.weights[taken],
        taken,
        wander,
        np.column_stack([rows.nuisance[taken], taken >= since]),
        rows.values[taken],
    )
    inverse, rank = _inverse(design.T @ design)
    coefficients = inverse @ (design.T @ y)
    residuals = y - design @ coefficients
    df = len(taken) - int(rank)
    least = rows.least_variance or 0.0
    variance = max(float(residuals @ residuals) / df, least)
    se = math.sqrt(variance * float(inverse[-1, -1]))
    estimate = float(coefficients[-1])
    return StepChange(estimate, se, df, estimate - t_quantile(1 - LOWER_END, df) * se)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Values to the worse side, centred; weights that average 1 over the reference; an intercept
    and centred covariates (batches, p); the least σ², None where nothing is known of it."""

    values: Array
    weights: Array
    nuisance: Array
    least_variance: float | None


def _rows(
    values: ArrayLike,
    weights: ArrayLike,
    covariates: ArrayLike | None,
    variances: ArrayLike | None,
    *,
    reference: int,
    worse: Worse,
) -> _Rows:
    y, weight = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    count = len(y)
    others = np.empty((count, 0)) if covariates is None else np.asarray(covariates, dtype=float)
    others = others.reshape(count, -1) if others.ndim == 1 else others
    within = np.zeros(count) if variances is None else np.asarray(variances, dtype=float)
    if y.ndim != 1 or weight.shape != y.shape or within.shape != y.shape or len(others) != count:
        raise StatisticsError("values, weights, covariates and variances have one row a batch")
    if not all(np.isfinite(part).all() for part in (y, weight, others, within)):
        raise StatisticsError("values, weights, covariates and variances are finite numbers")
    if not (weight > 0).all() or not (within >= 0).all():
        raise StatisticsError("a batch's weight is above 0, its variance 0 or more")
    if not others.shape[1] + 2 < reference <= count:
        raise StatisticsError(f"the reference has {others.shape[1] + 3} batches or more")
    first = slice(0, reference)
    weight = weight / weight[first].mean()
    centre = float(np.average(y[first], weights=weight[first]))
    centred = (y - centre) * (1 if worse == "higher" else -1)
    others = others - np.average(others[first], axis=0, weights=weight[first])
    nuisance = np.column_stack([np.ones(count), others])
    # what is no more than the rounding of the values themselves isn't a deviation
    rounding = (ROUNDING * float(np.abs(y).max())) ** 2
    least = max(float((weight * within)[first].mean()), rounding)
    varies = least > rounding or float((weight * centred**2)[first].mean()) > rounding
    return _Rows(centred, weight, nuisance, least if varies else None)


def _inverse(gram: Array) -> tuple[Array, NDArray[np.intp]]:
    """Pseudo-inverse and rank of Gram matrices (…, p, p): a column that says nothing yet, as
    weekends where all batches are weeks, costs no degree of freedom."""
    inverse = np.linalg.pinv(gram, rcond=ROUNDING, hermitian=True)
    return inverse, np.linalg.matrix_rank(gram, hermitian=True, rtol=ROUNDING)


def _whitened(
    weights: Array, batches: NDArray[np.intp], wander: float, *parts: NDArray[Any]
) -> list[Array]:
    """Columns and values (batches, …) divided by the Cholesky factor of V."""
    if not wander:
        deviations = np.sqrt(1 / weights)
        return [(part.T / deviations).T for part in parts]
    covariance = np.diag(1 / weights) + wander * np.minimum.outer(batches, batches)
    factor = np.linalg.cholesky(covariance)
    return [solve_triangular(factor, part.astype(float), lower=True) for part in parts]


def _log_sums(
    rows: _Rows,
    left_out: NDArray[np.bool_],
    first: int,
    end: int,
    precision: float,
    wander: float,
) -> tuple[Array, NDArray[np.intp]]:
    """ln M_t and the most likely step, for t and steps in first..end − 1."""
    kept = np.flatnonzero(~left_out[:end])
    steps = kept[:, None] >= np.arange(first, end)
    x, y, columns = _whitened(
        rows.weights[kept], kept, wander, rows.nuisance[kept], rows.values[kept], steps
    )
    earlier = len(kept) - (end - first)
    times = np.arange(earlier, len(kept))
    grams = np.cumsum(x[:, :, None] * x[:, None, :], axis=0)[times]
    inverses, ranks = _inverse(grams)
    outcome = np.cumsum(y[:, None] * x, axis=0)[times]
    squares = np.cumsum(y * y)[times]
    fits = np.einsum("tij,tj->ti", inverses, outcome)
    residual = np.maximum(squares - np.einsum("ti,ti->t", fits, outcome), 0.0)
    df = np.asarray(times + 1.0 - ranks, dtype=np.float64)
    count = end - first
    log_sums, since = np.empty(count), np.empty(count, dtype=np.intp)
    least = rows.least_variance or 0.0
    # each step's products with itself, with the nuisance and with the values, so far
    own, mixed, products = np.zeros(count), np.zeros((count, x.shape[1])), np.zeros(count)
    for start in range(0, count, _AT_ONCE):
        stop = min(start + _AT_ONCE, count)
        t = times[start:stop]
        column = columns[t, :stop]
        owns = _running(own[:stop], column**2)
        mixeds = _running(mixed[:stop], column[:, :, None] * x[t][:, None])
        crosses = _running(products[:stop], column * y[t][:, None])
        own[:stop], mixed[:stop], products[:stop] = owns[-1], mixeds[-1], crosses[-1]
        reach = owns + precision - np.einsum("tsi,tsi->ts", mixeds @ inverses[start:stop], mixeds)
        cross = crosses - np.einsum("tsi,ti->ts", mixeds, fits[start:stop])
        log_factors = _log_factors(
            reach, cross, residual[start:stop, None], df[start:stop, None], least, precision
        )
        log_factors[np.arange(stop) > np.arange(start, stop)[:, None]] = -np.inf  # not yet begun
        most = log_factors.max(axis=1)
        since[start:stop] = first + log_factors.argmax(axis=1)
        log_sums[start:stop] = most + np.log(np.exp(log_factors - most[:, None]).sum(axis=1))
    return log_sums, since


def _running(before: Array, added: Array) -> Array:
    """Sums (times, …) of what was there before and what each time adds."""
    return np.cumsum(np.concatenate([before[None], added]), axis=0)[1:]


def _log_factors(
    reach: Array, cross: Array, residual: Array, df: Array, least: float, precision: float
) -> Array:
    """ln LR of each step. The Bayes factor rises with `cross`, so that a larger residual where
    `cross` is above 0 makes it smaller, never larger."""
    floor = np.where(cross > 0, least, ROUNDING * least)
    spread = np.maximum(residual, floor * df)
    z = np.clip(cross / np.sqrt(reach * spread), -1 + 1e-12, 1 - 1e-12)
    unexplained = np.log1p(-z * z)
    two_sided = 0.5 * np.log(precision / reach) - 0.5 * df * unexplained
    worse = t_cdfs(z * np.sqrt(df) * np.exp(-0.5 * unexplained), df)
    return np.asarray(two_sided + np.log(2 * np.maximum(worse, 1e-300)))

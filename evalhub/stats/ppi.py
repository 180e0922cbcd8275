"""Few human labels, many from a judge: prediction-powered inference.

The judge's mean over everything, corrected by how far it was off where people looked too.
PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453) weighs the judge by how well it
follows people, so a useless judge costs nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.distributions import t_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

FEWEST_HUMAN_LABELS = 50


@dataclass(frozen=True, slots=True)
class PoweredMean:
    """`weight` is the trust in the judge, 0 to 1."""

    value: float
    se: float
    weight: float
    human_labels: int
    judged_only: int


@dataclass(frozen=True, slots=True)
class PoweredEstimate:
    """A mean with its interval; `equivalent_labels` is how many human labels alone would give
    as narrow an interval."""

    value: float
    lower: float
    upper: float
    level: float
    weight: float
    human_labels: int
    judged_only: int
    equivalent_labels: float
    method: str


def powered_mean(human: ArrayLike, judged: ArrayLike, judged_only: ArrayLike) -> PoweredMean:
    """Mean of what people would say of all items, from `human` (n,) and the judge's values of
    the same items `judged` (n,) and of the rest `judged_only` (N,).

    value = mean(Y) + w (mean(U) - mean(F)), w = cov(Y, F)/((1 + n/N) var(F and U)) cut to
    [0, 1]; variance = var(Y - w F)/n + w^2 var(U)/N.
    """
    y, f = _column(human, "human"), _column(judged, "judged")
    u = _column(judged_only, "judged_only")
    n, rest = y.size, u.size
    if f.size != n:
        raise StatisticsError(f"people labelled {n} items and the judge {f.size} of them")
    if n < 2 or rest < 2:
        raise StatisticsError("two items or more are needed with and without a human label")
    spread = float(np.concatenate([f, u]).var(ddof=1))
    weight = 0.0
    if spread > 0:
        follows = float(np.mean((y - y.mean()) * (f - f.mean())))
        weight = min(max(follows / ((1 + n / rest) * spread), 0.0), 1.0)
    residuals = y - weight * f
    variance = float(residuals.var()) / n + weight**2 * float(u.var()) / rest
    value = float(y.mean() + weight * (u.mean() - f.mean()))
    return PoweredMean(value, math.sqrt(variance), weight, n, rest)


def powered_estimate(
    human: ArrayLike,
    judged: ArrayLike,
    judged_only: ArrayLike,
    *,
    random_sample: bool,
    alpha: float = ALPHA,
) -> PoweredEstimate:
    """powered_mean with a t interval, for per-item differences or win scores.

    `random_sample` states that the items with human labels were drawn at random from the judged
    ones. Raises StatisticsError where they were not, or are fewer than 50: with ten, the normal
    interval covers .88 instead of .95; and where people gave one value only.
    """
    check_alpha(alpha)
    if not random_sample:
        raise StatisticsError(
            "the items with human labels must be a random sample of the judged ones; "
            "chosen items correct the judge's error only where people chose to look"
        )
    mean = powered_mean(human, judged, judged_only)
    if mean.human_labels < FEWEST_HUMAN_LABELS:
        raise StatisticsError(
            f"{mean.human_labels} human labels are too few to correct a judge; "
            f"{FEWEST_HUMAN_LABELS} are needed"
        )
    own = float(_column(human, "human").var(ddof=1))
    if own == 0 or mean.se == 0:
        raise StatisticsError("people gave every item the same value: nothing to calibrate on")
    half = t_quantile(1 - alpha, mean.human_labels - 1.0) * mean.se
    return PoweredEstimate(
        value=mean.value,
        lower=mean.value - half,
        upper=mean.value + half,
        level=1 - 2 * alpha,
        weight=mean.weight,
        human_labels=mean.human_labels,
        judged_only=mean.judged_only,
        equivalent_labels=own / mean.se**2,
        method=f"PPI++, t({mean.human_labels - 1})",
    )


def _column(values: ArrayLike, name: str) -> Array:
    column = np.asarray(values, dtype=float)
    if column.ndim != 1 or not np.all(np.isfinite(column)):
        raise StatisticsError(f"{name}: labels must be a flat list of finite numbers")
    return column

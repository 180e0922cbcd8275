"""One arm's quantile with limits of its own: order statistics at the effective number of items.

See evalhub.stats.quantiles, which puts two of them together.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import ENOUGH_DIFFERENCES, assumed_design_effect, clustered_mean
from evalhub.stats.distributions import binomial_cdf, normal_quantile, t_quantile
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

ROUNDING = 1e-9
"""What a product of floats leaves beside a whole rank is no rank more."""
# How finely ranks are searched, as a share of their number.
_RANK = 1e-7


@dataclass(frozen=True, slots=True)
class ArmQuantile:
    """One arm's values, ascending, and the share of all that lies at or below each, both (m,).

    `residuals` are the sums, by cluster, of what lies above the estimate, `of_items` by item.
    """

    values: Array
    shares: Array
    quantile: float
    estimate: float
    design_effect: float
    df: float
    residuals: Array
    of_items: Array

    def upper(self, alpha: float) -> float | None:
        """What the quantile lies above with a chance of at most `alpha`."""
        size = self.size(alpha)
        rank = _rank(size, self.quantile, 1 - alpha)
        return None if rank is None else self._between(rank / size)

    def lower(self, alpha: float) -> float:
        """What the quantile lies below with a chance of at most `alpha`; 0 at least."""
        size = self.size(alpha)
        rank = _rank(size, self.quantile, alpha)
        if rank is None or rank / size < self.shares[0] - ROUNDING:
            return 0.0
        return self._between(rank / size)

    def _between(self, share: float) -> float:
        """The value up to which this share lies, between two of them on the log scale; beside a 0
        the larger."""
        first = int(np.searchsorted(self.shares, share - ROUNDING, side="left"))
        last = min(first, len(self.values) - 1)
        value, before = float(self.values[last]), float(self.values[max(last - 1, 0)])
        if before <= 0 or before == value:
            return value
        step = float(self.shares[last] - self.shares[last - 1])
        part = min(max((share - float(self.shares[last - 1])) / step, 0.0), 1.0)
        return float(before * (value / before) ** part)

    @property
    def worth(self) -> float:
        """How many independent values these are worth."""
        return len(self.values) / self.design_effect

    def size(self, alpha: float) -> float:
        """The same at a level, where clusters are few."""
        if self.df <= 0:
            return 0.0
        sure = normal_quantile(1 - alpha) / t_quantile(1 - alpha, self.df)
        return self.worth * sure**2


def _value_at(values: Array, shares: Array, share: float) -> float:
    """The smallest value up to which at least this share lies."""
    first = int(np.searchsorted(shares, share - ROUNDING, side="left"))
    return float(values[min(first, len(values) - 1)])


@lru_cache(4096)
def _rank(size: float, quantile: float, chance: float) -> float | None:
    """The rank k in [1, size], not always whole, with P(at most k − 1 of `size` values lie below
    the quantile) = `chance`; None where there is none."""
    low, high = 0.0, size - 1
    if high < 0 or not (
        binomial_cdf(low, size, quantile) <= chance <= binomial_cdf(high, size, quantile)
    ):
        return None
    while high - low > _RANK * size:
        middle = (low + high) / 2
        small = binomial_cdf(middle, size, quantile) < chance
        low, high = (middle, high) if small else (low, middle)
    return high + 1


def arm_quantile(
    scores: ArrayLike, quantile: float, labels: NDArray[np.intp] | None, weights: Array | None
) -> ArmQuantile:
    """The quantile of an arm's scores, (n,) or (n, samples), whose items have these labels (n,) and
    weights (n,). Raises StatisticsError for a value below 0."""
    values = np.asarray(scores, dtype=float)
    items, samples = len(values), values.size // len(values)
    own: NDArray[np.intp] | None = None
    values = values.ravel()
    if values.min() < 0:
        raise StatisticsError(f"a ratio is of values of 0 or more, and one is {values.min():g}")
    if samples > 1:
        own = np.repeat(np.arange(items), samples)
        labels = own if labels is None else np.repeat(labels, samples)
        weights = None if weights is None else np.repeat(weights, samples)
    order = np.argsort(values, kind="stable")
    counts = np.ones(values.size) if weights is None else weights[order]
    ordered, shares = values[order], np.cumsum(counts) / counts.sum()
    estimate = _value_at(ordered, shares, quantile)
    above = (values > estimate).astype(float)
    mean_above = clustered_mean(above, labels, weights)
    plain = labels is None and weights is None
    effect = 1.0 if plain else max(mean_above.design_effect, 1.0)
    if not plain and above.sum() < ENOUGH_DIFFERENCES:
        effect = max(effect, assumed_design_effect(values.size, labels, weights))
    return ArmQuantile(
        values=ordered,
        shares=shares,
        quantile=quantile,
        estimate=estimate,
        design_effect=effect,
        df=math.inf if plain else mean_above.df,
        residuals=mean_above.sums,
        of_items=clustered_mean(above, own, weights).sums,
    )

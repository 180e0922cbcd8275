"""Likelihood-ratio test of the ratio of two arms' quantiles on the same items.

If the candidate's quantile q is at least r times the baseline's, then for one cut θ, the baseline's
quantile, at most 1 − q of the baseline's values lie above θ and at least 1 − q of the candidate's
at or above r·θ. For each θ the table of both events is fitted under the two constraints, and the
deviance says how much worse than freely (empirical likelihood, Owen 2001, ch. 2 and 3). θ isn't
known: the least deviance over it counts. Items that are slow in both arms speak for neither, so the
test is as sharp as they are alike, and no density and no correlation is estimated.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# How far beyond the share that is expected the cuts are tried, in standard errors.
_REACH = 8.0
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class ContingencyTables:
    """Shares of all items, each (k,): above their cut in both arms, in the one alone (`first`),
    in the other alone (`second`)."""

    both: Array
    first: Array
    second: Array


@dataclass(frozen=True)
class Exceedances:
    """Pairs of values, (m,), with shares that add up to 1; `above` is 1 − the quantile's order.

    `size` is how many independent pairs they are worth, at the least, by which cuts are chosen.
    """

    first: Array
    second: Array
    shares: Array
    above: float
    size: float

    @cached_property
    def _tail(self) -> tuple[Array, Array, Array, Array]:
        """Of the second arm's largest values, descending: values, the first arm's, shares, and
        what share of all is at least as large."""
        order = np.argsort(-self.second, kind="stable")
        values, shares = self.second[order], self.shares[order]
        last_of_equals = np.searchsorted(-values, -values, side="right") - 1
        reached = np.cumsum(shares)[last_of_equals]
        deepest = self.above + _REACH * math.sqrt(self.above / max(self.size, 1.0))
        tried = max(int(np.searchsorted(reached, deepest, side="right")), 1)
        return values[:tried], self.first[order][:tried], shares[:tried], reached[:tried]

    @cached_property
    def _first_ascending(self) -> tuple[Array, Array]:
        """The first arm's values and the share of all that lies above the one before each."""
        order = np.argsort(self.first, kind="stable")
        left = 1.0 - np.cumsum(self.shares[order])
        return self.first[order], np.concatenate([[1.0], np.maximum(left, 0.0)])

    def deviance(self, ratio: float) -> float:
        """For one item, of "second's quantile is at least `ratio` times the first's": times the
        number of items it is the square of a z."""
        values, firsts, shares, second = self._tail
        ascending, left = self._first_ascending
        scaled = ratio * firsts
        first = left[np.searchsorted(ratio * ascending, values, side="right")]
        # Both: at least the value in the second arm, and above it in the first.
        lower = scaled <= values
        own = np.searchsorted(-values, -values, side="right")
        of_higher = np.concatenate([[0.0], np.cumsum(np.where(lower, 0.0, shares))])[own]
        order = np.argsort(scaled[lower], kind="stable")
        below = np.concatenate([[0.0], np.cumsum(shares[lower][order])])
        of_lower = below[-1] - below[np.searchsorted(scaled[lower][order], values, side="right")]
        both = np.minimum(of_higher + of_lower, np.minimum(first, second))
        # A cut beyond all values: nothing lies above it.
        table = ContingencyTables(
            np.append(both, 0.0), np.append(first - both, 0.0), np.append(second - both, 0.0)
        )
        return float(deviances(table, self.above).min())


def deviances(table: ContingencyTables, above: float) -> Array:
    """Twice the loss in log-likelihood, an item, of the best fit in which at most `above` exceed in
    the first arm and at least `above` in the second, (k,)."""
    both, one = table.both, table.first + table.second
    first, second = both + table.first, both + table.second
    none = np.maximum(1 - both - one, 0.0)
    fitted = _shares_in_both(both, one, none, above)
    free = sum(_x_log(x, x) for x in (both, table.first, table.second, none))
    bound = (
        _x_log(both, fitted) + _x_log(one, above - fitted) + _x_log(none, 1 - 2 * above + fitted)
    )
    # Where one constraint alone binds, the other arm's share follows from it.
    second_then = _follows(both, table.second, first, above)
    first_then = _follows(both, table.first, second, above)
    deviance = np.where(
        (first > above) & (second_then >= above),
        _binomial(first, above),
        np.where(
            (second < above) & (first_then <= above), _binomial(second, above), 2 * (free - bound)
        ),
    )
    allowed = (first <= above) & (second >= above)
    return np.asarray(np.where(allowed, 0.0, np.maximum(deviance, 0.0)))


def _shares_in_both(both: Array, one: Array, none: Array, above: float) -> Array:
    """The share s that exceeds in both arms, `above` in each, that fits best: the root of
    both/s − one/(above − s) + none/(1 − 2·above + s) = 0."""
    b = both * (3 * above - 1) - one * (1 - 2 * above) + none * above
    root = np.sqrt(b * b + 4 * both * above * (1 - 2 * above))
    return np.asarray(np.clip((b + root) / 2, 0.0, above))


def _follows(both: Array, alone: Array, bound: Array, above: float) -> Array:
    """An arm's share where the other's, `bound`, is moved to `above` and no more is asked."""
    with np.errstate(divide="ignore", invalid="ignore"):
        within, beyond = both / bound, alone / (1 - bound)
    return above * np.nan_to_num(within) + (1 - above) * np.nan_to_num(beyond)


def _binomial(share: Array, above: float) -> Array:
    free = _x_log(share, share) + _x_log(1 - share, 1 - share)
    return 2 * (free - _x_log(share, above) - _x_log(1 - share, 1 - above))


def _x_log(x: Array, y: Array | float) -> Array:
    return np.asarray(np.where(x > 0, x * np.log(np.maximum(y, _TINY)), 0.0))

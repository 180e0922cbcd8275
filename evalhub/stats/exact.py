"""Exact limits of the difference of two paired shares: no true discordance breaks their level.

A lower limit keeps every difference D at which outcomes at least as good as the one seen have a
chance above alpha. Outcomes are ordered by Tango's lower limit at that alpha, so the set "at least
as good" is one set for all D, and its chance rises with D (Buehler 1957, JASA 52:482). The share of
losses isn't known: the chance is the largest over the shares that the losses seen don't exclude at
GAMMA, which is added to it (Berger and Boos 1994, JASA 89:1012). A p-value against one D orders
outcomes by Tango's z at that D.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.distributions import beta_cdf, beta_quantile, log_choose, normal_quantile

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

GAMMA = 1e-6
# Up to so many items, or discordant ones, the limits are exact. Beyond, the score test errs by up
# to a tenth of alpha more, where nearly every item differs, and costs next to nothing.
_ITEMS, _DISCORDANT = 400, 30
# Shares of losses that are tried, closer to each other where few wins are possible.
_TRIED = np.linspace(0, 1, 192) ** 2
_AROUND = 12
# exp(-20) of the chance is left out.
_UNLIKELY = -20.0
_NEAR, _CLOSE = 1e-9, 1e-6
# A limit this near to 0 is told from it by its chance there.
_SNAP = 1e-6


def is_exact(n: int, wins: int, losses: int) -> bool:
    """Whether limits of so many items are exact; else the score test's (`intervals`) serve."""
    return n <= _ITEMS or wins + losses <= _DISCORDANT


@lru_cache(4096)
def lower_limit(n: int, wins: int, losses: int, alpha: float) -> float:
    """The least true difference (wins − losses)/n that isn't ruled out; it errs with `alpha`."""
    z = normal_quantile(1 - alpha)
    start = _tango_lower(n, wins, losses, z)
    better = _at_least_as_good(n, wins, losses, start, z)

    def excess(difference: float, tried: Array = _TRIED) -> float:
        chance = _chance(better, difference, tried)
        return normal_quantile(min(max(chance, 1e-300), 1 - 1e-16)) + z

    # The likeliest share of losses hardly moves with the difference: the root by those around it
    # is the root by all, unless another is likelier there.
    likeliest = int(_chances(better, start, _TRIED).argmax())
    around = _TRIED[max(likeliest - _AROUND, 0) : likeliest + _AROUND + 1]
    limit = _root(lambda difference: excess(difference, around), start, (wins - losses) / n)
    if excess(limit) > 0:
        limit = _root(excess, start, (wins - losses) / n)
    if abs(limit) < _SNAP:
        # A p-value is printed against 0: both go by one chance, not by how near the root came.
        rules_out_0 = _chance(better, 0.0) <= alpha
        return max(limit, math.ulp(0.0)) if rules_out_0 else min(limit, 0.0)
    return limit


@lru_cache(4096)
def p_at_most(bound: float, n: int, wins: int, losses: int, alpha: float) -> float:
    """p-value against a difference of at most `bound`.

    Each level has an order of its own: at `alpha` the p-value says what lower_limit() does, so that
    it is at most alpha just when the limit is at least `bound`.
    """
    if bound <= -1 or bound >= 1:
        return float(bound >= 1 or (bound == -1 and losses == n))
    due = normal_quantile(1 - alpha)
    limit = _tango_lower(n, wins, losses, due)
    rules_out = _chance(_at_least_as_good(n, wins, losses, limit, due), bound) <= alpha
    return _on_its_side(_p_by_z(bound, n, wins, losses), alpha, rules_out)


def _p_by_z(bound: float, n: int, wins: int, losses: int) -> float:
    """p-value against a difference of at most `bound`, outcomes ordered by Tango's z at it."""
    z = float(_tango_z(n, np.array(float(wins)), np.array(float(losses)), bound))
    return min(_chance(_at_least_as_good(n, wins, losses, bound, z), bound), 1.0)


def _on_its_side(p: float, alpha: float, rules_out: bool) -> float:
    """`p`, at most alpha just where the limit at alpha rules the bound out."""
    return min(p, alpha) if rules_out else max(p, math.nextafter(alpha, 1.0))


@dataclass(frozen=True, slots=True)
class ExactShares:
    """Both ends of (wins − losses)/n, and p-values of the order that belongs to `alpha`."""

    n: int
    wins: int
    losses: int
    alpha: float

    def lower(self, alpha: float) -> float:
        return lower_limit(self.n, self.wins, self.losses, alpha)

    def upper(self, alpha: float) -> float:
        return -lower_limit(self.n, self.losses, self.wins, alpha)

    def p_above(self, bound: float) -> float:
        return p_at_most(bound, self.n, self.wins, self.losses, self.alpha)

    def p_below(self, bound: float) -> float:
        return p_at_most(-bound, self.n, self.losses, self.wins, self.alpha)

    def two_sided(self, alpha: float, upper_alpha: float) -> float:
        """p-value of no difference: at most 2·alpha of a gain just when lower(alpha) is above 0,
        at most 2·upper_alpha of a loss just when upper(upper_alpha) is below it."""
        if self.wins == self.losses:
            return 1.0
        more, fewer = max(self.wins, self.losses), min(self.wins, self.losses)
        level = alpha if self.wins > self.losses else upper_alpha
        p = _p_by_z(0.0, self.n, more, fewer)
        return min(1.0, 2 * _on_its_side(p, level, lower_limit(self.n, more, fewer, level) > 0))


@dataclass(frozen=True, slots=True)
class _Better:
    """Outcomes at least as good as one: of each count of losses, the fewest wins (both (k,)).

    `shares` are the least and the largest share of losses that the one leaves possible.
    """

    n: int
    losses: Whole
    wins: Whole
    choose: Array
    shares: tuple[float, float]


@lru_cache(4096)
def _at_least_as_good(n: int, wins: int, losses: int, difference: float, z: float) -> _Better:
    """Outcomes whose Tango z at `difference` is at least `z`."""
    low = beta_quantile(GAMMA / 2, losses, n - losses + 1) if losses else 0.0
    high = beta_quantile(1 - GAMMA / 2, losses + 1, n - losses) if losses < n else 1.0
    fewest = max(0, int(n * low - 7 * math.sqrt(n * low)) - 1)
    most = min(n, int(n * high + 7 * math.sqrt(n * high)) + 8)
    lost = np.arange(fewest, most + 1)
    needed = _fewest_wins(n, lost, difference, z)
    needed[losses - fewest] = min(needed[losses - fewest], wins)
    possible = needed <= n - lost
    lost, needed = lost[possible], needed[possible]
    return _Better(n, lost, needed, log_choose(n, lost), (low, high))


def _chance(better: _Better, difference: float, tried: Array = _TRIED) -> float:
    """The largest chance of an outcome at least as good, over the shares of losses, and GAMMA."""
    return float(_chances(better, difference, tried).max()) + GAMMA


def _chances(better: _Better, difference: float, tried: Array) -> Array:
    """The chance of an outcome at least as good at each of the shares of losses `tried` (k,), which
    count from the least possible, 0, to the largest, 1.

    Where the share of wins that goes with one would leave no tie, it is what losses leave: nothing
    with a larger difference is likelier.
    """
    n, (low, high) = better.n, better.shares
    low = max(low, -difference, 1e-12)
    high = min(high, max((1 - difference) / 2, low), 1 - 1e-12)
    if high < low:
        return np.zeros(tried.size)
    share = low + (high - low) * tried
    logs = (
        better.choose[:, None]
        + better.losses[:, None] * np.log(share)
        + (n - better.losses)[:, None] * np.log1p(-share)
    )
    row, column = np.nonzero(logs > _UNLIKELY)
    wins = np.clip((share + difference) / (1 - share), 0.0, 1.0)[column]
    needed, rest = better.wins[row], (n - better.losses)[row]
    tail = np.where(
        needed <= 0, 1.0, beta_cdf(wins, np.maximum(needed, 1), np.maximum(rest - needed, 0) + 1)
    )
    return np.bincount(column, np.exp(logs[row, column]) * tail, share.size)


def _tango_z(n: int, wins: Array, losses: Array, difference: float) -> Array:
    """Tango 1998, eq. 5: (wins − losses − nD)/√(n(2q + D(1 − D))), q the fitted share of losses."""
    b = (2 * n - wins + losses) * difference - wins - losses
    product = difference * (1 - difference)
    fitted = np.sqrt(np.maximum(b * b + 8 * n * losses * product, 0.0)) - b
    variance = fitted / 2 + n * product
    gap = wins - losses - n * difference
    return np.asarray(gap / np.sqrt(np.maximum(variance, 1e-300)))


def _tango_lower(n: int, wins: int, losses: int, z: float) -> float:
    low, high = -1.0, (wins - losses) / n
    won, lost = np.array(float(wins)), np.array(float(losses))
    while high - low > 1e-12:
        middle = (low + high) / 2
        passed = float(_tango_z(n, won, lost, middle)) >= z
        low, high = (middle, high) if passed else (low, middle)
    return low


def _fewest_wins(n: int, losses: Whole, difference: float, z: float) -> Whole:
    """For each count of losses (k,), the fewest wins with a Tango z of at least `z`."""
    low, high = np.full(losses.size, -1), n - losses + 1
    while ((high - low) > 1).any():
        middle = np.maximum((low + high) // 2, 0)
        passed = _tango_z(n, middle.astype(float), losses.astype(float), difference) >= z - _NEAR
        open_ = high - low > 1
        high = np.where(open_ & passed, middle, high)
        low = np.where(open_ & ~passed, middle, low)
    return high


def _root(excess: Callable[[float], float], start: float, top: float) -> float:
    """Where the rising `excess` crosses 0, from below: between −1 and 1, near `start`.

    Regula falsi, which halves the value of an end that stays (the Illinois rule).
    """
    step = max(0.1 * (top - start), 1e-6)
    low = high = start
    at_low = at_high = excess(start)
    while at_low > 0 and low > -1:
        high, at_high, low = low, at_low, max(low - step, -1.0)
        at_low, step = excess(low), 2 * step
    while at_high <= 0 and high < 1:
        low, at_low, high = high, at_high, min(high + step, 1.0)
        at_high, step = excess(high), 2 * step
    if at_low > 0 or at_high <= 0:
        return -1.0 if at_low > 0 else 1.0
    came_from = 0
    while high - low > _NEAR and at_low < -_CLOSE:
        share = at_low / (at_low - at_high)
        middle = low + min(max(share, 1e-3), 1 - 1e-3) * (high - low)
        at_middle = excess(middle)
        if at_middle > 0:
            high, at_high = middle, at_middle
            at_low, came_from = (at_low / 2 if came_from > 0 else at_low), 1
        else:
            low, at_low = middle, at_middle
            at_high, came_from = (at_high / 2 if came_from < 0 else at_high), -1
    return low

"""Tests of "no difference" by exchanging the two arms of an item.

Under that hypothesis each item's difference is as likely to have the other sign. With yes/no
scores this is McNemar's test.
"""

import math

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.distributions import binomial_cdf, binomial_pmf

Array = NDArray[np.float64]

_LATTICE_LIMIT = 200_000
# So many of the sizes, of all magnitudes, tell most units that don't fit.
_LOOKED_AT = 8


def mcnemar_mid_p(losses: int, wins: int) -> float:
    """Two-sided mid-p: the observed count weighs half, so the test is not needlessly timid
    (Fagerland, Lydersen and Laake 2013)."""
    if losses == wins:
        return 1.0
    fewer, discordant = min(losses, wins), losses + wins
    return min(1.0, 2 * binomial_cdf(fewer, discordant) - binomial_pmf(fewer, discordant))


def sign_flip(differences: Array, *, draws: int = 9999, seed: int = 0) -> tuple[float, str]:
    """Two-sided p-value of the sum of `differences` (n,) under random signs, and how it was got.

    Exact when the sizes share a unit (ternary, ordinal, percent), where the distribution of the
    sum is a product of cosines on that lattice; otherwise `draws` seeded random flips, counting
    the observed one, so the result is never 0. The order of the items doesn't matter.
    """
    sizes = np.sort(np.abs(differences[differences != 0]))
    observed = abs(float(math.fsum(differences.tolist())))
    if sizes.size == 0:
        return 1.0, "sign-flip, exact"
    steps = _on_a_lattice(sizes)
    if steps is not None:
        signed = np.rint(observed / (sizes[0] / steps[0]))
        return _lattice_tail(steps, int(signed)), "sign-flip, exact"
    values, counts = np.unique(sizes, return_counts=True)
    rng = np.random.default_rng(seed)
    flipped, drawn = np.zeros(draws), np.empty(draws)
    for value, count in zip(values, counts, strict=True):
        if count == 1:
            # what `binomial` would draw of one, in a fifth of the time: 1 above a half
            rng.random(out=drawn)
            np.copysign(value, np.subtract(0.5, drawn, out=drawn), out=drawn)
            flipped -= drawn
        else:
            flipped += value * (2.0 * rng.binomial(count, 0.5, size=draws) - count)
    reached = int(np.count_nonzero(np.abs(flipped) >= observed * (1 - 1e-12)))
    return (1 + reached) / (1 + draws), f"sign-flip, {draws:,} random flips"


def _on_a_lattice(sizes: Array) -> NDArray[np.int64] | None:
    """The sizes in whole units, if they have a common unit and the lattice stays small."""
    parts = np.arange(1, 101)
    few, _ = _units(sizes[:: sizes.size // _LOOKED_AT + 1], parts[:, None])
    for possible in parts[few.all(axis=1)]:
        fits, whole = _units(sizes, possible)
        if fits.all():
            return whole.astype(np.int64) if whole.sum() <= _LATTICE_LIMIT else None
    return None


def _units(sizes: Array, parts: NDArray[np.int64] | np.int64) -> tuple[NDArray[np.bool_], Array]:
    """Whether the sizes are whole numbers of so many parts of the smallest, and which."""
    units = sizes / (sizes[0] / parts)
    whole = np.rint(units)
    return np.abs(units - whole) < 1e-9 * np.maximum(1.0, units), whole


def _lattice_tail(steps: NDArray[np.int64], observed: int) -> float:
    """P(|S| >= observed), S the sum of the steps with random signs, by inverting its transform."""
    total = int(steps.sum())
    size = 2 * total + 2
    angle = 2 * np.pi * np.arange(size // 2 + 1) / size
    transform = np.ones(size // 2 + 1)
    for step, count in zip(*np.unique(steps, return_counts=True), strict=True):
        transform *= np.cos(angle * step) ** count
    chance = np.fft.irfft(transform, n=size)
    inside = chance[0] + 2 * chance[1:observed].sum() if observed > 0 else 0.0
    tail = 2 * chance[max(observed, 1) : total + 1].sum() if observed > 0 else 1.0
    return float(min(1.0, max(tail, 0.0) if tail < 0.5 else 1.0 - inside))

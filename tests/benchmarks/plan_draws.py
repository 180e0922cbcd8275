"""How the items of the advice's scenes come out: scores of both arms, and their clusters."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.gate_scenes import Array, Rng, graded, yes_no

Draw = Callable[[Rng, int, str], tuple[Array, Array, list[str] | None]]
"""Scores of both arms, and clusters named after the stage (so that new items bring new ones)."""


def plain(gain: float, sd: float) -> Draw:
    return lambda rng, n, _: (*graded(rng, n, gain, sd), None)


def changed(gain: float, discordant: float) -> Draw:
    return lambda rng, n, _: (*yes_no(rng, n, gain, discordant), None)


def heavy(share: float, loss: float) -> Draw:
    """A share of the items loses heavily, and all others gain it back."""

    def draw(rng: Rng, n: int, stage: str) -> tuple[Array, Array, None]:
        half = (rng.normal(share * loss, 0.1, n) - loss * (rng.random(n) < share)) / 2
        return 0.5 - half, 0.5 + half, None

    return draw


def grouped(size: int, icc: float, gain: float, sd: float = 0.35) -> Draw:
    def draw(rng: Rng, n: int, stage: str) -> tuple[Array, Array, list[str]]:
        labels = np.arange(n) // size
        shared = rng.normal(0, sd * icc**0.5, labels[-1] + 1)[labels]
        half = (gain + shared + rng.normal(0, sd * (1 - icc) ** 0.5, n)) / 2
        return 0.5 - half, 0.5 + half, [f"{stage} {label}" for label in labels]

    return draw


Sizes = Callable[[Rng, int], NDArray[np.int_]]


def uneven(sizes: Sizes, icc: float, gain: float, sd: float = 0.35) -> Draw:
    """Clusters of the sizes that are drawn, in which differences correlate by `icc`."""

    def draw(rng: Rng, n: int, stage: str) -> tuple[Array, Array, list[str]]:
        labels = np.repeat(np.arange(n), sizes(rng, n))[:n]
        shared = rng.normal(0, sd * icc**0.5, labels[-1] + 1)[labels]
        half = (gain + shared + rng.normal(0, sd * (1 - icc) ** 0.5, n)) / 2
        return 0.5 - half, 0.5 + half, [f"{stage} {label}" for label in labels]

    return draw


def from_1_to_39(rng: Rng, count: int) -> NDArray[np.int_]:
    return rng.integers(1, 40, count)


def few_large(rng: Rng, count: int) -> NDArray[np.int_]:
    """One of seven clusters holds 40 items, the others 4."""
    return np.where(rng.random(count) < 0.15, 40, 4)


def geometric(rng: Rng, count: int) -> NDArray[np.int_]:
    return rng.geometric(0.1, count)


def log_normal(mean: float) -> Sizes:
    """Of that mean, their logarithms deviating by 1, at most 100."""

    def sizes(rng: Rng, count: int) -> NDArray[np.int_]:
        drawn = np.ceil(rng.lognormal(math.log(mean) - 0.5, 1.0, count))
        return np.minimum(drawn, 100).astype(int)

    return sizes


def grouped_yes_no(size: int, discordant: float) -> Draw:
    """Who wins a discordant item is its cluster's."""

    def draw(rng: Rng, n: int, stage: str) -> tuple[Array, Array, list[str]]:
        labels = np.arange(n) // size
        won = rng.random(n) < rng.beta(1.2, 1.2, labels[-1] + 1)[labels]
        differ = rng.random(n) < discordant
        base = np.where(differ, ~won, rng.random(n) < 0.6).astype(float)
        tuned = np.where(differ, won, base).astype(float)
        return base, tuned, [f"{stage} {label}" for label in labels]

    return draw


def rarely_other(share: float) -> Draw:
    """Yes/no scores of .3 in both arms, a share of which is drawn anew in the candidate's."""

    def draw(rng: Rng, n: int, stage: str) -> tuple[Array, Array, None]:
        base = rng.random(n) < 0.3
        tuned = np.where(rng.random(n) < share, rng.random(n) < 0.3, base)
        return base.astype(float), tuned.astype(float), None

    return draw


def as_fast(rng: Rng, n: int, stage: str) -> tuple[Array, Array, None]:
    """Times with a tail that both arms share, and of their own."""
    shared = 400 * rng.lognormal(0, 0.5, n)
    return shared * rng.lognormal(0, 0.4, n), shared * rng.lognormal(0, 0.4, n), None

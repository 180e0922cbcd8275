"""Graded guards of which few items lose much: what `tails: bounded` keeps, and what it costs.

python -m tests.benchmarks.bounded_tails [--draws 4000] [--seed 0] [--part level|power|exact]

level: a guard that truly loses its margin, by a tail that few items hold. How often it passes by
what was seen, with `tails: bounded`, and where the most that an unseen item may lose were taken to
be the largest score that the baseline has on the items seen.
power: a guard that loses nothing. How often it passes, of so many items.
exact: the same limit on three values that a difference may have, by the multinomial distribution
and not by drawing: the largest chance of a limit above the mean, over a search of their shares.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import p_one_sided
from evalhub.stats.tails import BoundedTail, bounded_tail, largest_share

Array = NDArray[np.float64]
Rng = np.random.Generator
Draw = Callable[[Rng, int], tuple[Array, Array]]
SCALE = (0.0, 1.0)

say = sys.stdout.write


def tailed(share: float, loss: float, noise: float, base: float = 0.8) -> Draw:
    """A share of the items loses `loss`, whatever the baseline has on them."""

    def draw(rng: Rng, n: int) -> tuple[Array, Array]:
        change = rng.normal(0, noise, n) - loss * (rng.random(n) < share)
        before = rng.uniform(base - 0.1, base + 0.1, n)
        return before, np.clip(before + change, *SCALE)

    return draw


def tailed_where_high(share: float, loss: float, noise: float) -> Draw:
    """The items that lose are a kind of their own, on which the baseline scores far more."""

    def draw(rng: Rng, n: int) -> tuple[Array, Array]:
        heavy = rng.random(n) < share
        before = np.where(heavy, loss + 0.1, rng.uniform(0.25, 0.35, n))
        change = rng.normal(0, noise, n) - loss * heavy
        return before, np.clip(before + change, *SCALE)

    return draw


LEVEL: list[tuple[str, Draw, int, float]] = [
    ("6% lose .6, noise .05, n = 40", tailed(0.06, 0.6, 0.05), 40, 0.036),
    ("6% lose .6, noise .05, n = 60", tailed(0.06, 0.6, 0.05), 60, 0.036),
    ("6% lose .6, noise .1, n = 100", tailed(0.06, 0.6, 0.1), 100, 0.036),
    ("6% lose .6, noise .1, n = 250", tailed(0.06, 0.6, 0.1), 250, 0.036),
    ("2% lose .7, noise .05, n = 100", tailed(0.02, 0.7, 0.05), 100, 0.014),
    ("8% lose .2, noise .05, n = 40", tailed(0.08, 0.2, 0.05), 40, 0.016),
    ("6% lose .6 where the baseline has .7, else .3, n = 40",
     tailed_where_high(0.06, 0.6, 0.02), 40, 0.036),
    ("5% lose .9 where the baseline has 1, else .3, n = 40",
     tailed_where_high(0.05, 0.9, 0.02), 40, 0.045),
]  # fmt: skip
POWER = [(0.02, 0.05), (0.02, 0.1), (0.05, 0.05), (0.05, 0.1), (0.05, 0.2), (0.1, 0.1), (0.1, 0.3)]
SIZES = (40, 60, 100, 200, 400, 800)


def passes(before: Array, after: Array, margin: float, *, bounded: bool) -> bool:
    p = p_one_sided(
        before,
        after,
        bound=-margin,
        alternative="greater",
        bounds=SCALE,
        bounded_tails=bounded,
    )
    return p <= ALPHA


def passes_by_what_was_seen_of_the_baseline(before: Array, after: Array, margin: float) -> bool:
    """As `tails: bounded`, were the baseline's largest score the most that an item can lose."""
    limit = bounded_tail(after - before, worst=float(before.max()))
    return limit.p_above(-margin) <= ALPHA


def rated(share: float, draws: int) -> str:
    return f"{share:.4f} ± {math.sqrt(share * (1 - share) / draws):.4f}"


def levels(draws: int, seed: int) -> Iterator[list[str]]:
    yield ["a guard that truly loses its margin", "passes by what was seen", "tails: bounded",
           "by the baseline's largest score"]  # fmt: skip
    for place, (name, draw, n, margin) in enumerate(LEVEL):
        rng = np.random.default_rng([seed, 31, place])
        counts = np.zeros(3)
        for _ in range(draws):
            arms = draw(rng, n)
            counts += [
                passes(*arms, margin, bounded=False),
                passes(*arms, margin, bounded=True),
                passes_by_what_was_seen_of_the_baseline(*arms, margin),
            ]
        yield [name, *(rated(each / draws, draws) for each in counts)]


def powers(draws: int, seed: int) -> Iterator[list[str]]:
    yield ["nothing lost", *(f"n = {n}" for n in SIZES)]
    for place, (margin, noise) in enumerate(POWER):
        rng = np.random.default_rng([seed, 37, place])
        cells = []
        for n in SIZES:
            counts = np.zeros(2)
            for _ in range(draws):
                arms = tailed(0, 0, noise, base=0.5)(rng, n)
                counts += [passes(*arms, margin, bounded=bounded) for bounded in (False, True)]
            cells.append(" → ".join(f"{each / draws:.2f}" for each in counts))
        yield [f"margin {margin:g}, deviation {noise:g}", *cells]


THREES = [(-1, 0, 1), (-1, 0, 0.1), (-1, -0.1, 0), (-1, -0.5, 0), (-1, -0.5, 0.5), (-1, -0.2, 0.2),
          (-0.6, 0, 0.05), (-0.6, -0.05, 0.05), (-0.3, 0, 1)]  # fmt: skip


def exact_level(n: int, values: Sequence[float], shares: Array, alpha: float) -> float:
    """The largest chance, over rows of `shares` (r, 3), that the limit lies above the mean."""
    counts = np.array([(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)])
    ways = [math.lgamma(n + 1) - sum(math.lgamma(k + 1) for k in row) for row in counts]
    x = np.array(values, float)
    lower = np.array([_lower(x, row, alpha) for row in counts])
    with np.errstate(divide="ignore"):
        logs = np.log(shares)
    chances = np.exp(np.array(ways)[:, None] + _products(counts, logs))
    above = lower[:, None] > (shares @ x)[None, :] + 1e-9
    return float((chances * above).sum(0).max())


def _lower(values: Array, counts: NDArray[np.int_], alpha: float) -> float:
    seen = counts > 0
    x = values[seen]
    return BoundedTail(x, np.ones(x.size), counts[seen].astype(float), 1.0).lower(alpha)


def _products(counts: NDArray[np.int_], logs: Array) -> Array:
    """Σ counts·logs by row and share, where 0·(−∞) is 0."""
    with np.errstate(invalid="ignore"):
        parts = [
            np.where(counts[:, i, None] == 0, 0.0, counts[:, i, None] * logs[None, :, i])
            for i in range(3)
        ]
    return parts[0] + parts[1] + parts[2]


def searched(seed: int) -> Array:
    """Shares of three values (r, 3): drawn in the whole triangle, and a grid of small tails."""
    rng = np.random.default_rng([seed, 41])
    drawn = np.concatenate([rng.dirichlet([a] * 3, 400) for a in (0.3, 1.0, 3.0)])
    grid = [
        (q, (1 - q) * (1 - r), (1 - q) * r)
        for q in np.linspace(0.002, 0.5, 60)
        for r in np.linspace(0, 1, 21)
    ]
    return np.concatenate([drawn, np.array(grid)])


def exact(seed: int) -> Iterator[list[str]]:
    yield ["items", "level", "worst chance", "of the values"]
    shares = searched(seed)
    for n in (5, 10, 20):
        for alpha in (0.025, 0.00625):
            worst = max((exact_level(n, each, shares, alpha), each) for each in THREES)
            yield [str(n), f"{alpha:g}", f"{worst[0]:.5f}", ", ".join(f"{v:g}" for v in worst[1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", choices=["level", "power", "exact"])
    options = parser.parse_args()
    share = largest_share(40)
    say(f"40 items can miss up to {share:.1%} at {ALPHA:g}; 3/40 is {3 / 40:.1%} at .05.\n\n")
    parts: dict[str, Iterator[list[str]]] = {
        "level": levels(options.draws, options.seed),
        "power": powers(max(options.draws // 4, 1), options.seed),
        "exact": exact(options.seed),
    }
    for name, rows in parts.items():
        if options.part in (None, name):
            for i, row in enumerate(rows):
                say(f"| {' | '.join(row)} |\n" + ("| --- " * len(row) + "|\n" if not i else ""))
                sys.stdout.flush()
            say("\n")


if __name__ == "__main__":
    main()

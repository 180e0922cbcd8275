"""Relative yes/no guards that lose just the share they may: the chance that they pass, enumerated.

python -m tests.benchmarks.relative_size [--alpha 0.025]

Every outcome of n items (right in both arms, lost, won, wrong in both) is judged as the product
does, and by the score test alone. The chance of a pass is the largest over how often the baseline
is right and how often both are: the worst cell.
"""

import argparse
import sys
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evalhub.stats.ratios import p_contrast

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Alternative = Literal["less", "greater"]

ITEMS = (8, 10, 12, *range(15, 29), 36, 50, 70)
FACTORS: tuple[tuple[float, Alternative], ...] = (
    (0.95, "greater"),
    (0.9, "greater"),
    (0.8, "greater"),
    (0.7, "greater"),
    (0.5, "greater"),
    (1.1, "less"),
    (1.2, "less"),
)


def outcomes(n: int) -> Whole:
    """All counts (k, 4) that add up to `n`."""
    first, second, third = np.indices((n + 1,) * 3).reshape(3, -1)
    fourth = n - first - second - third
    return np.stack([first, second, third, fourth], axis=1)[fourth >= 0]


def passing(
    n: int, factor: float, alternative: Alternative, alpha: float, *, exact: bool = True
) -> Whole:
    """The outcomes with a p-value of at most `alpha`: of each count of items right in both and of
    lost ones (or won, where less is better) as many as reach furthest, found by bisection."""
    gained, against = (2, 1) if alternative == "greater" else (1, 2)

    def passes(both: int, bad: int, good: int) -> bool:
        counts = np.zeros(4, dtype=np.intp)
        counts[0], counts[against], counts[gained] = both, bad, good
        counts[3] = n - both - bad - good
        base, tuned = np.repeat([1.0, 1, 0, 0], counts), np.repeat([1.0, 0, 1, 0], counts)
        p = p_contrast(
            base,
            tuned,
            factor=factor,
            alternative=alternative,
            exact_at=factor if exact else None,
        )
        return p <= alpha

    rows = []
    for both in range(n + 1):
        fewest = 0
        for bad in range(n + 1 - both):
            most = n - both - bad
            low, high = fewest - 1, most + 1
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if passes(both, bad, middle) else (middle, high)
            fewest = high
            for good in range(high, most + 1):
                row = [both, 0, 0, most - good]
                row[against], row[gained] = bad, good
                rows.append(row)
    return np.array(rows, dtype=np.intp).reshape(-1, 4)


def size(n: int, factor: float, passed: Whole, tried: int = 120) -> float:
    """The worst cell on a grid of twice as many shares of right answers of the baseline as are
    `tried`, closer where few outcomes are possible, by `tried` of items right in both."""
    ways = special.gammaln(n + 1) - special.gammaln(passed + 1).sum(axis=1)
    ends = (1 - np.cos(np.pi * np.linspace(0, 1, tried))) / 2
    full, most = 1 / (1 + factor), min(1.0, 1 / factor)
    rights = np.concatenate([full * ends[1:], full + (most - full) * ends[1:]])
    largest = 0.0
    for right in rights if len(passed) else ():
        low, high = max(0.0, right + factor * right - 1), min(right, factor * right)
        both = low + (high - low) * ends
        won = factor * right - both
        shares = np.stack([both, right - both, won, 1 - right - won])
        logs = ways[:, None] + passed @ np.log(np.clip(shares, 1e-300, 1))
        largest = max(largest, float(np.exp(logs).sum(axis=0).max()))
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alpha", type=float, default=0.025)
    options = parser.parse_args()
    say = sys.stdout.write
    say("| share | worst cell, here | at | the score test alone | at |\n")
    say("| ---: | ---: | --- | ---: | --- |\n")
    for factor, alternative in FACTORS:
        told = []
        for exact in (True, False):
            cells = [
                (size(n, factor, passing(n, factor, alternative, options.alpha, exact=exact)), n)
                for n in ITEMS
            ]
            most, n = max(cells)
            told.append(f"{most:.5f} | n = {n}")
        say(f"| {factor:g} | {' | '.join(told)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

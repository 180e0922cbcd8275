"""How often a false ship comes of arms that share a look and of variants of the luckiest of them.

python -m tests.benchmarks.variant_rates [--draws 100000] [--seed 0] [--markdown]

Arms that gain nothing share look 1. Then nine more candidates are tried, each a variant of the
luckiest arm, or of the luckiest, the second, the third …; a variant has the arm's own luck by a
correlation of 0 to .9, of which the worst is shown. "one reading" has the variants at looks 2 to
10; "now" after as many readings as the ledger counts for the arms. A rate passes up to .0272.
"""

import argparse
import math
import sys

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import level_of, readings_worth
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.max_t import level_per_arm

ALPHA, MOST, TRIES = 0.025, 0.0272, 9
SCENES = [(arms, alike) for arms in (2, 3, 5, 10) for alike in (0.0, 0.3, 0.5, 0.8, 0.9)]
LUCK = (0.0, 0.3, 0.5, 0.7, 0.9)


def worst(arms: int, alike: float, *, start: int, draws: int, seed: int) -> float:
    """The largest share of studies with a false ship; the variants are looks from `start` on."""
    whole = level_of(1, alpha=ALPHA)
    level = level_per_arm(whole, arms, (alike,))
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((draws, 1))
    own = -np.sort(-rng.standard_normal((draws, arms)), axis=1)
    shipped = _passes(shared, own[:, :1], alike, level)[:, 0]
    others = rng.standard_normal((draws, max(0, TRIES - arms)))
    in_turn = np.concatenate([own, others], axis=1)[:, :TRIES]
    always = np.repeat(own[:, :1], TRIES, axis=1)
    rates = []
    for luck in LUCK:
        for base in (in_turn, always):
            new = luck * base + math.sqrt(1 - luck**2) * rng.standard_normal((draws, TRIES))
            later = shipped.copy()
            for i in range(TRIES):
                due = level_of(start + i, alpha=ALPHA)
                later |= _passes(shared, new[:, i : i + 1], alike, due)[:, 0]
            rates.append(float(later.mean()))
    return max(rates)


def _passes(
    shared: NDArray[np.float64], own: NDArray[np.float64], alike: float, level: float
) -> NDArray[np.bool_]:
    z = math.sqrt(alike) * shared + math.sqrt(1 - alike) * own
    return np.asarray(z >= -normal_quantile(level))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if options.markdown:
        sys.stdout.write(
            "| arms, alike by | readings | one reading | now | |\n"
            "| --- | ---: | ---: | ---: | --- |\n"
        )
    passed = True
    for arms, alike in SCENES:
        readings = readings_worth(arms, alike)
        one, now = (
            worst(arms, alike, start=start, draws=options.draws, seed=options.seed)
            for start in (2, 1 + readings)
        )
        error = math.sqrt(now * (1 - now) / options.draws)
        passed &= now <= MOST
        verdict = "ok" if now <= MOST else "ABOVE"
        cells = [
            f"{arms}, {alike:g}",
            f"{readings}",
            f"{one:.4f}",
            f"{now:.4f} ± {error:.4f}",
            verdict,
        ]
        line = f"| {' | '.join(cells)} |" if options.markdown else "  ".join(cells)
        sys.stdout.write(f"{line}\n")
    sys.exit(not passed)


if __name__ == "__main__":
    main()

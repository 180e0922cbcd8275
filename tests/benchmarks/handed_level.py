"""What a level that is handed on could cost: why the ledger hands none on.

python -m tests.benchmarks.handed_level [--draws 200000] [--seed 0]

A look that shows its gain could give its level to the next one, where its candidate becomes the
champion and the baseline (online fallback, Tian and Ramdas 2021, Statistical Methods in Medical
Research 30:976). That keeps the level for hypotheses that are chosen without the data, and here
they aren't. The adversary begins with a champion so weak that every candidate truly gains on it,
and knows from many other items how good each candidate is. All candidates are equal, so that each
ship beside one of them is false. A candidate that was unlucky on these items is made the champion,
which hands on its level, and a fresh candidate has to beat it by luck alone.
"""

import argparse
import math
import sys

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import level_of
from evalhub.stats.distributions import normal_cdfs, normal_quantile

ALPHA, LAST = 0.025, 60
Array = NDArray[np.float64]


def level_at(look: int, handed: int | None) -> float:
    """Of a look to which that of look `handed` was given."""
    return level_of(look, alpha=ALPHA) + (level_of(handed, alpha=ALPHA) if handed else 0.0)


def best_play(*, handed: bool) -> tuple[float, list[float]]:
    """The chance of a false ship by the best play, and by look the highest standardised result at
    which a candidate is made the champion at once.

    Worked out backwards: after look k the adversary makes candidate k the champion, beside which
    fresh ones are tried from look k + 1 on, or reads candidate k + 1 beside the weak champion. The
    difference of two candidates of deviation 1 has deviation √2.
    """
    results = np.linspace(-6, 6, 1201)
    chance = np.exp(-(results**2) / 2)
    chance /= chance.sum()
    later = {LAST + 1: 0.0}
    due = [0.0] * LAST
    for look in range(LAST, 0, -1):
        crowned = np.zeros_like(results)
        for fresh in range(LAST, look, -1):
            level = level_at(fresh, look if handed and fresh == look + 1 else None)
            ships = normal_cdfs(-(results - math.sqrt(2) * normal_quantile(level)))
            crowned = ships + (1 - ships) * np.maximum(crowned, later[fresh + 1])
        better = crowned >= later[look + 1]
        due[look - 1] = float(results[better].max()) if better.any() else -math.inf
        later[look] = float(chance @ np.maximum(crowned, later[look + 1]))
    return later[1], due


def simulated(due: list[float], *, handed: bool, draws: int, seed: int, looks: int = 12) -> float:
    """False ships of a simple play: the first candidate below its `due` becomes the champion, and
    fresh ones are tried beside it."""
    rng = np.random.default_rng(seed)
    champion = np.full(draws, np.nan)
    crowned_at = np.zeros(draws, dtype=int)
    shipped = np.zeros(draws, dtype=bool)
    for look in range(1, looks + 1):
        result = rng.standard_normal(draws)
        trying = crowned_at > 0
        for before in range(1, look):
            level = level_at(look, before if handed and before == look - 1 else None)
            needed = -math.sqrt(2) * normal_quantile(level)
            shipped |= (crowned_at == before) & (result - champion >= needed)
        crown = ~trying & (result <= due[look - 1])
        champion[crown], crowned_at[crown] = result[crown], look
    return float(shipped.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for handed in (False, True):
        chance, due = best_play(handed=handed)
        rate = simulated(due, handed=handed, draws=options.draws, seed=options.seed)
        error = math.sqrt(rate * (1 - rate) / options.draws)
        name = "handed on" if handed else "as it is"
        first = ", ".join(f"{each:.2f}" for each in due[:3])
        sys.stdout.write(
            f"{name}: best play {chance:.4f}; champion at or below {first}, …: "
            f"{rate:.4f} ± {error:.4f}\n"
        )


if __name__ == "__main__":
    main()

"""Yes/no guards that truly lose their margin, and primaries that gain nothing: the chance that they
pass, enumerated, not drawn.

python -m tests.benchmarks.one_sided_yes_no [--all] [--alpha 0.025] [--gains | --best]

Every outcome of n items is judged by the product's own limits. The chance of a pass is summed over
the outcomes, and the largest over the true shares of discordant items is printed: the worst cell;
margin 0 is a primary of which a gain above 0 is asked. `--all` takes every n from 15 to 400 (about
an hour), else some of them. `--gains` prints how often a gain is shown where .099 of the items are
won and .001 lost, beside the same limits where McNemar's mid-p has to agree. `--best` prints how
often a guard of 500 items passes that loses nothing, its margin .02, where 2% differ: here, by
Tango's limits, and the most that any test of the discordant items could (a linear programme).
"""

import argparse
import sys
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from evalhub.stats.exact import p_at_most
from evalhub.stats.intervals import score_p_less
from evalhub.stats.permutation import mcnemar_mid_p

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

SOME = (*range(15, 41), 50, 60, 80, 100, 150, 200, 300, 400)
MARGINS = (0.0, 0.02, 0.05, 0.1)
GAINS, WON, LOST = (20, 30, 40, 60, 80, 100, 150, 200), 0.099, 0.001


def fewest_wins(n: int, margin: float, alpha: float, *, tango: bool = False) -> Whole:
    """Of each count of losses (n + 1,) the fewest wins with which the guard passes; n + 1: none."""

    def passes(wins: int, losses: int) -> bool:
        if not tango:
            return p_at_most(-margin, n, wins, losses, alpha) <= alpha
        counts = np.array([wins, n - wins - losses, losses], dtype=float)
        values = np.array([-1.0, 0.0, 1.0])
        return score_p_less(values, counts, reach=1.0, bound=margin) <= alpha

    found, fewest = np.full(n + 1, n + 1, dtype=np.intp), 0
    for losses in range(n + 1):
        low, high, step = fewest - 1, fewest, 1
        while high <= n - losses and not passes(high, losses):
            low, high, step = high, high + step, 2 * step
        high = min(high, n - losses + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if passes(middle, losses) else (middle, high)
        if high > n - losses:
            break
        found[losses] = fewest = high
    return found


def chance(n: int, wins: Whole, difference: float, losses: Array) -> Array:
    """Of a pass, at true shares of losses (k,) whose wins are `difference` more."""
    lost = np.arange(n + 1)[:, None]
    share = np.clip((losses + difference) / np.maximum(1 - losses, 1e-300), 0, 1)
    needed, rest = wins[:, None], n - lost
    tail = special.betainc(np.maximum(needed, 1), np.maximum(rest - needed, 0) + 1, share)
    tail = np.where(needed <= 0, 1.0, np.where(needed > rest, 0.0, tail))
    return np.asarray((stats.binom.pmf(lost, n, losses) * tail).sum(axis=0))


def size(n: int, margin: float, wins: Whole) -> float:
    """The worst cell: the largest chance of a pass where exactly the margin is lost."""
    most = (1 + margin) / 2
    losses = margin + (most - margin) * np.linspace(0, 1, 800) ** 2
    near = margin + np.geomspace(1e-5, 0.1, 200)
    return float(chance(n, wins, -margin, np.r_[losses, near[near < most]]).max())


def fewest_by_mid_p(n: int, wins: Whole, alpha: float) -> Whole:
    """The same raised to where McNemar's mid-p, two-sided, is at most 2·alpha too."""
    found = wins.copy()
    for losses in range(n + 1):
        while found[losses] <= n - losses and mcnemar_mid_p(losses, found[losses]) > 2 * alpha:
            found[losses] += 1
    return found


def gains(alpha: float) -> list[tuple[int, float, float, float, float]]:
    """Of each n: power and size of the limits alone, power and size where mid-p has to agree."""
    losses = np.array([LOST])
    rows = []
    for n in GAINS:
        wins = fewest_wins(n, 0.0, alpha)
        both = (wins, fewest_by_mid_p(n, wins, alpha))
        now, before = ((float(chance(n, w, WON - LOST, losses)[0]), size(n, 0.0, w)) for w in both)
        rows.append((n, *now, *before))
    return rows


def best(n: int = 500, margin: float = 0.02, discordant: float = 0.02) -> list[float]:
    """Powers against no loss: here, Tango's, and the largest with a worst cell of .025."""
    ours, tango = (fewest_wins(n, margin, 0.025, tango=each) for each in (False, True))
    share = np.array([discordant / 2])
    found = [float(chance(n, wins, 0.0, share)[0]) for wins in (ours, tango)]
    most = int(6 * discordant * n)
    lost, won = (each.ravel() for each in np.indices((most, most)))

    def chances(losses: float, wins: float) -> Array:
        rest = stats.binom.pmf(won, n - lost, wins / (1 - losses))
        return np.asarray(stats.binom.pmf(lost, n, losses) * rest)

    at_bound = [chances(q, q - margin) for q in np.linspace(margin, 2 * margin, 80)]
    solved = optimize.linprog(
        -chances(discordant / 2, discordant / 2),
        A_ub=np.array(at_bound),
        b_ub=np.full(len(at_bound), 0.025),
        bounds=(0, 1),
    )
    return [*found, -float(solved.fun)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--best", action="store_true")
    parser.add_argument("--gains", action="store_true")
    parser.add_argument("--alpha", type=float, default=0.025)
    options = parser.parse_args()
    if options.best:
        ours, tango, most = best()
        sys.stdout.write(f"here {ours:.3f}, Tango {tango:.3f}, at most {most:.3f}\n")
        return
    if options.gains:
        sys.stdout.write("| items | power | size | power, mid-p too | size, mid-p too |\n")
        sys.stdout.write("| ---: | ---: | ---: | ---: | ---: |\n")
        for n, *shares in gains(options.alpha):
            told = " | ".join(f"{share:.{3 + i % 2}f}" for i, share in enumerate(shares))
            sys.stdout.write(f"| {n} | {told} |\n")
        return
    worst: dict[tuple[bool, bool], list[tuple[float, int, float]]] = defaultdict(list)
    for n in range(15, 401) if options.all else SOME:
        for margin in MARGINS:
            for tango in (False, True):
                wins = fewest_wins(n, margin, options.alpha, tango=tango)
                worst[tango, margin > 0].append((size(n, margin, wins), n, margin))
    sys.stdout.write(
        "| limits | worst cell | at | cells above alpha |\n| --- | ---: | --- | ---: |\n"
    )
    for (tango, guard), cells in sorted(worst.items()):
        most, n, margin = max(cells)
        above = sum(cell[0] > options.alpha for cell in cells) / len(cells)
        name = f"{'Tango' if tango else 'Evalhub'}, {'guards' if guard else 'primaries'}"
        sys.stdout.write(f"| {name} | {most:.5f} | n = {n}, margin {margin:g} | {above:.0%} |\n")


if __name__ == "__main__":
    main()

"""How often the ends of alpha's and AC1's intervals leave out the truth, by simulation.

python -m tests.benchmarks.agreement_coverage [--draws 1000] [--seed 0]

Raters give the right one of two labels with a chance that makes two of them agree as often as the
line says; the truth of a coefficient is that of 200,000 units. Beside each end stands that of the
percentiles of the bootstrap alone. A lower end is ok up to .025 and two errors. Draws without an
interval (nobody disagreed) aren't counted; their share is in the last column.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.agreement import agreement
from evalhub.stats.kappa import gwet
from evalhub.stats.krippendorff import alphas
from evalhub.stats.ratings import Label, patterns, read_ratings

LEVEL = 0.025
RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Case:
    units: int
    raters: int
    agree: float
    rare: float

    def draw(self, rng: np.random.Generator, units: int | None = None) -> NDArray[np.bool_]:
        """Labels (units, raters); a share `rare` of the units is of the second label."""
        n = units or self.units
        right = (1 + math.sqrt(2 * self.agree - 1)) / 2
        true = rng.random(n) < self.rare
        return np.asarray(true[:, None] ^ (rng.random((n, self.raters)) >= right))


@dataclass(frozen=True, slots=True)
class Missed:
    """Shares of draws below and above the ends: of alpha and AC1, each now and by percentiles."""

    alpha: NDArray[np.float64]
    ac1: NDArray[np.float64]
    none: float


CASES = tuple(
    Case(units, raters, agree, rare)
    for raters in (2, 4)
    for rare in (0.5, 0.1)
    for agree in (0.8, 0.95, 0.98)
    for units in (50, 200)
)


def missed(case: Case, draws: int, seed: int) -> Missed:
    rng = np.random.default_rng([seed, 24, case.units, case.raters, int(100 * case.agree)])
    truth = agreement(case.draw(rng, 200_000), resamples=0)
    true = [estimate.value or 0.0 for estimate in (truth.krippendorff_alpha, truth.gwet_ac1)]
    counts, none = np.zeros((2, 2, 2)), 0
    for _ in range(draws):
        labels = case.draw(rng)
        result = agreement(labels, resamples=RESAMPLES)
        if result.krippendorff_alpha.lower is None or result.gwet_ac1.lower is None:
            none += 1
            continue
        plain = percentiles(labels, rng)
        for row, estimate in enumerate((result.krippendorff_alpha, result.gwet_ac1)):
            own = (estimate.lower or 0.0, estimate.upper or 0.0)
            for column, ends in enumerate((own, plain[row])):
                counts[row, column] += ends[0] > true[row], ends[1] < true[row]
    shares = counts / max(draws - none, 1)
    return Missed(shares[0], shares[1], none / draws)


def percentiles(
    labels: Sequence[Sequence[Label | None]] | NDArray[np.bool_],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> list[tuple[float, float]]:
    """Ends of alpha and of AC1 by resampled units alone."""
    ratings = read_ratings(labels)
    table = patterns(ratings)
    units = table.units.sum()
    drawn = rng.multinomial(units, table.units / units, size=resamples).astype(float)
    values = (
        alphas(table, drawn, "nominal", ratings),
        gwet(table, drawn, np.eye(len(ratings.labels))),
    )
    ends = [np.nanquantile(value, [LEVEL, 1 - LEVEL]) for value in values]
    return [(float(lower), float(upper)) for lower, upper in ends]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    say = sys.stdout.write
    say("| agree | units | raters | rarer label | α below | above | percentiles | ")
    say("AC1 below | above | percentiles | no interval |\n")
    say(f"| {'---: | ' * 11}\n".replace("| \n", "|\n"))
    for case in CASES:
        result = missed(case, options.draws, options.seed)
        counted = max(options.draws * (1 - result.none), 1)
        error = math.sqrt(LEVEL * (1 - LEVEL) / counted)
        told = []
        for shares in (result.alpha, result.ac1):
            kept = "ok" if shares[0, 0] <= LEVEL + 2 * error else "above"
            told += [
                f"{shares[0, 0]:.3f} ± {error:.3f} {kept}",
                f"{shares[0, 1]:.3f}",
                f"{shares[1, 0]:.3f}, {shares[1, 1]:.3f}",
            ]
        say(f"| {case.agree:g} | {case.units} | {case.raters} | {case.rare:g} | ")
        say(f"{' | '.join(told)} | {result.none:.2f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

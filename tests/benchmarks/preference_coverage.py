"""How often the 95% interval of a win score holds the truth, by simulation.

python -m tests.benchmarks.preference_coverage [--runs 1000]

Items differ in how much better the candidate is, and reviewers in how much they like it; what is
estimated is the score over all items and all reviewers. Beside it: judgments taken as independent.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np

from evalhub.stats.preference import win_score

LEAN = 0.3
POPULATION = 1_000_000


@dataclass(frozen=True)
class Case:
    """`items` judged `each` times by some of `raters`; the log odds of a win have the standard
    deviations `between_items` and `between_raters`; `ties` is the share of ties. With `rare` every
    second item is of a kind that adds so much to the log odds and counts a tenth of the others: of
    it production has an eleventh."""

    items: int
    raters: int
    each: int
    between_items: float
    between_raters: float
    ties: float
    rare: float = 0.0

    @property
    def weights(self) -> list[float] | None:
        """By item; None: all alike."""
        return [1.0 if i % 2 else 10.0 for i in range(self.items)] if self.rare else None


CASES = (
    Case(50, 4, 2, 1.0, 0.0, 0.2),
    Case(50, 4, 2, 1.0, 0.5, 0.2),
    Case(200, 2, 1, 0.0, 0.3, 0.1),
    Case(200, 3, 1, 1.0, 0.5, 0.0),
    Case(100, 5, 3, 0.0, 0.8, 0.1),
    Case(200, 8, 2, 0.0, 0.0, 0.2),
    Case(200, 8, 2, 1.0, 0.5, 0.2),
    Case(100, 20, 3, 1.0, 0.8, 0.1),
    Case(200, 3, 1, 1.0, 0.5, 0.0, rare=-1.5),
    Case(200, 8, 2, 1.0, 0.5, 0.2, rare=-1.5),
    Case(500, 5, 1, 1.0, 0.3, 0.2, rare=-1.5),
)


def coverage(case: Case, runs: int, *, seed: int = 0) -> tuple[float, float, float]:
    """Shares of runs that held the truth, ours and independent judgments', and our mean width."""
    rng = np.random.default_rng([seed, case.items, case.raters])
    spread = math.hypot(case.between_items, case.between_raters)
    odds = rng.normal(LEAN, spread, POPULATION)
    usual, rare = (float((1 / (1 + np.exp(-odds - add))).mean()) for add in (0.0, case.rare))
    truth = (1 - case.ties) * (usual + (rare - usual) / 11) + case.ties / 2
    held = independent = 0
    width = 0.0
    of_items = np.repeat(np.arange(case.items), case.each)
    for _ in range(runs):
        of_raters = np.concatenate(
            [rng.permutation(case.raters)[: case.each] for _ in range(case.items)]
        )
        odds = LEAN + rng.normal(0, case.between_items, case.items)[of_items]
        odds = odds + rng.normal(0, case.between_raters, case.raters)[of_raters]
        odds = odds + case.rare * (of_items % 2)
        won = rng.random(odds.size) < 1 / (1 + np.exp(-odds))
        tied = rng.random(odds.size) < case.ties
        choices = np.where(tied, "tie", np.where(won, "candidate", "baseline"))
        weights = None if case.weights is None else [case.weights[i] for i in of_items]
        found = win_score(
            choices.tolist(), items=of_items.tolist(), raters=of_raters.tolist(), weights=weights
        )
        held += found.lower <= truth <= found.upper
        width += found.upper - found.lower
        values = np.where(tied, 0.5, won)
        half = 1.96 * values.std(ddof=1) / math.sqrt(values.size)
        independent += abs(values.mean() - truth) <= half
    return held / runs, independent / runs, width / runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    say = sys.stdout.write
    say(f"{options.runs} runs a line, standard error {math.sqrt(0.0475 / options.runs):.4f}\n")
    say("items  raters  each  between items  between raters  ties  rare  ")
    say("evalhub  width  independent\n")
    for case in CASES:
        held, independent, width = coverage(case, options.runs)
        say(
            f"{case.items:5}  {case.raters:6}  {case.each:4}  {case.between_items:13}  "
            f"{case.between_raters:14}  {case.ties:4}  {case.rare:4}  {held:7.3f}  {width:5.3f}  "
            f"{independent:11.3f}\n"
        )


if __name__ == "__main__":
    main()

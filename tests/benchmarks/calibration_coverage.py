"""How often 95% intervals of calibration errors hold the truth, and how far the errors are off.

python -m tests.benchmarks.calibration_coverage [--runs 4000]

Confidences and answers are drawn anew in each run; the truth is that of 4,000,000 answers.
"""

import argparse
import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.calibration import calibration, calibration_score
from evalhub.stats.paired import compare

Array = NDArray[np.float64]
BINS = 10
TRUTH_OF = 4_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """`n` answers whose confidence is over by so much in each arm (0: calibrated). With `coarse`
    a confidence is one of a few that models like to say."""

    name: str
    n: int
    base: float
    tuned: float
    coarse: bool = False


CASES = (
    Case("calibrated", 200, 0.0, 0.0),
    Case("calibrated", 1000, 0.0, 0.0),
    Case("calibrated, few distinct confidences", 200, 0.0, 0.0, coarse=True),
    Case("one overconfident by .1", 200, 0.1, 0.0),
    Case("one overconfident by .1", 1000, 0.1, 0.0),
    Case("both overconfident by .1", 200, 0.1, 0.1),
    Case("overconfident by .2 and .1", 200, 0.2, 0.1),
    Case("overconfident by .2 and .1, few distinct", 200, 0.2, 0.1, coarse=True),
    Case("overconfident by .2 and .1", 1000, 0.2, 0.1),
)


def draw(
    case: Case, rng: np.random.Generator, n: int
) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Confidences and right answers of both arms, to the same items."""
    base = np.clip(rng.beta(4, 1.5, n), 0.0, 1.0)
    luck = rng.random(n)
    arms = []
    for over in (case.base, case.tuned):
        said = np.clip(base + rng.normal(0, 0.05, n), 0.0, 1.0)
        if case.coarse:
            said = np.array([0.5, 0.7, 0.8, 0.9, 0.95])[(said * 4.999).astype(int)]
        own = np.where(rng.random(n) < 0.6, luck, rng.random(n))
        arms.append((said, own < said - over * (said > 0.5)))
    return arms


@lru_cache(maxsize=64)
def truth(case: Case) -> tuple[float, ...]:
    """Squared error of both arms, and their ECEs, in so many answers that chance is none."""
    arms = draw(case, np.random.default_rng(7), TRUTH_OF)
    errors = [calibration(said, right, BINS) for said, right in arms]
    return (*(each.squared for each in errors), *(each.ece for each in errors))


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares of runs whose interval of the difference lies below and above the truth, and mean
    errors of the base's ECE and of its squared error without its bias."""

    below: float
    above: float
    ece_bias: float
    squared_bias: float
    squared_error: float


def measure(case: Case, runs: int, *, seed: int = 0) -> Measured:
    rng = np.random.default_rng([seed, case.n, int(case.base * 100), int(case.tuned * 100)])
    base_truth, tuned_truth, ece_truth, _ = truth(case)
    below = above = 0
    eces, squares = [], []
    for _ in range(runs):
        arms = draw(case, rng, case.n)
        base, tuned = (calibration_score(said, right, BINS) for said, right in arms)
        result = compare(base.scores, tuned.scores)
        below += result.upper < tuned_truth - base_truth
        above += result.lower > tuned_truth - base_truth
        eces.append(calibration(*arms[0], BINS).ece)
        squares.append(base.value)
    return Measured(
        below / runs,
        above / runs,
        float(np.mean(eces) - ece_truth),
        float(np.mean(squares) - base_truth),
        float(np.std(squares) / np.sqrt(runs)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    runs = parser.parse_args().runs
    write = sys.stdout.write
    write(
        "| case | answers | coverage (below, above) | bias of ECE | bias of the squared error |\n"
    )
    write(f"|{' --- |' * 5}\n")
    for case in CASES:
        m = measure(case, runs)
        held = f"{1 - m.below - m.above:.3f} ({m.below:.3f}, {m.above:.3f})"
        bias = f"{m.squared_bias:+.5f} ± {m.squared_error:.5f}"
        write(f"| {case.name} | {case.n} | {held} | {m.ece_bias:+.4f} | {bias} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

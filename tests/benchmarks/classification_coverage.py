"""How often 95% intervals of classification scores hold the truth: of an arm, of a difference.

python -m tests.benchmarks.classification_coverage [--runs 4000]

Items are drawn anew in each run, and runs whose score is unscored for want of items are drawn
again. The truth is the score of the cells' probabilities.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.classification import classification_score, classification_value
from evalhub.stats.distributions import normal_cdfs
from evalhub.stats.errors import StatisticsError
from evalhub.stats.label_intervals import arm_interval
from evalhub.stats.label_scores import OF_ALL_LABELS, OF_ONE_LABEL
from evalhub.stats.paired import compare

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """`n` items with labels of these shares. Each arm is right on a label's items as often as
    `base` and `tuned` say; `alike` of the items are drawn once for both. A wrong answer is another
    label, or with `outside` none of them."""

    name: str
    n: int
    shares: tuple[float, ...]
    base: tuple[float, ...]
    tuned: tuple[float, ...]
    alike: float = 0.6
    outside: float = 0.1
    clusters: int = 0


CASES = (
    Case("two labels, 10%", 200, (0.9, 0.1), (0.9, 0.7), (0.92, 0.75)),
    Case("two labels, 10%, hardly differ", 200, (0.9, 0.1), (0.97, 0.93), (0.97, 0.93), 0.9),
    Case("two labels, 10%, the rare one lost", 200, (0.9, 0.1), (0.97, 0.95), (0.97, 0.85), 0.95),
    Case("two labels, 10% of 400", 400, (0.9, 0.1), (0.9, 0.7), (0.92, 0.75)),
    Case("two labels, 5% of 1000", 1000, (0.95, 0.05), (0.97, 0.9), (0.97, 0.8), 0.95),
    Case("three labels", 200, (0.5, 0.3, 0.2), (0.85, 0.7, 0.6), (0.87, 0.75, 0.7)),
    Case("five labels", 200, (0.4, 0.2, 0.15, 0.13, 0.12), (0.8,) * 5, (0.85,) * 5),
    Case("five labels of 1000", 1000, (0.6, 0.2, 0.1, 0.06, 0.04), (0.8,) * 5, (0.78,) * 5),
    Case("three labels, 80 clusters", 400, (0.5, 0.3, 0.2), (0.8,) * 3, (0.83,) * 3, clusters=80),
)
SCORES = (*OF_ALL_LABELS, *OF_ONE_LABEL)


def cell_probabilities(case: Case, right: tuple[float, ...]) -> Array:
    """Of the confusion of one arm, (labels, labels + 1)."""
    size = len(case.shares)
    table = np.zeros((size, size + 1))
    for k, (share, of) in enumerate(zip(case.shares, right, strict=True)):
        wrong = share * (1 - of)
        table[k, :size] = wrong * (1 - case.outside) / (size - 1)
        table[k, size] = wrong * case.outside
        table[k, k] = share * of
    return table


def draw(case: Case, rng: np.random.Generator) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
    """The right labels, and the answers of both arms."""
    size = len(case.shares)
    gold = rng.choice(size, case.n, p=case.shares)
    shared, *own = (_luck(case, rng) for _ in range(3))
    shared_wrong, own_wrong = _wrong(case, gold, rng), [_wrong(case, gold, rng) for _ in "ab"]
    alike = rng.random(case.n) < case.alike
    arms = []
    for arm, right in enumerate((case.base, case.tuned)):
        luck = np.where(alike, shared, own[arm])
        wrong = np.where(alike, shared_wrong, own_wrong[arm])
        arms.append(np.where(luck < np.array(right)[gold], gold, wrong))
    return gold, arms


def _luck(case: Case, rng: np.random.Generator) -> Array:
    """Uniform (n,), with a correlation of about .3 within clusters where there are some."""
    if not case.clusters:
        return rng.random(case.n)
    of_cluster = rng.standard_normal(case.clusters)[clusters_of(case)]
    return normal_cdfs(math.sqrt(0.3) * of_cluster + math.sqrt(0.7) * rng.standard_normal(case.n))


def clusters_of(case: Case) -> NDArray[np.intp]:
    """The number of each item's cluster; clusters are of one size."""
    return np.arange(case.n) * case.clusters // case.n


def _wrong(case: Case, gold: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    size = len(case.shares)
    other = (gold + rng.integers(1, size, case.n)) % size
    return np.where(rng.random(case.n) < case.outside, size, other)


@dataclass(frozen=True, slots=True)
class Tails:
    """Shares of runs whose interval lies below the truth, and above it."""

    below: float
    above: float

    @property
    def coverage(self) -> float:
        """Its standard error is √(c(1 - c)/runs)."""
        return 1 - self.below - self.above

    def __str__(self) -> str:
        return f"{self.coverage:.3f} ({self.below:.3f}, {self.above:.3f})"


def tails(case: Case, score: str, runs: int, *, seed: int = 0) -> tuple[Tails, Tails]:
    """Of the candidate's score, and of the difference of both arms'. A score of one label is of the
    last, the rarest."""
    rng = np.random.default_rng([seed, case.n, len(case.shares)])
    size, clusters = len(case.shares), clusters_of(case) if case.clusters else None
    label = size - 1 if score in OF_ONE_LABEL else None
    base_truth, truth = (
        classification_value(score, cell_probabilities(case, right), label)
        for right in (case.base, case.tuned)
    )
    missed = np.zeros(4)
    done = 0
    while done < runs:
        gold, arms = draw(case, rng)
        try:
            base, tuned = (classification_score(score, gold, arm, size, label) for arm in arms)
        except StatisticsError:
            continue
        alone = arm_interval(score, gold, arms[1], size, label=label, clusters=clusters)
        assert alone.lower is not None
        assert alone.upper is not None
        pair = compare(base.scores, tuned.scores, clusters=clusters)
        difference = truth - base_truth
        missed += (
            alone.upper < truth,
            alone.lower > truth,
            pair.upper < difference,
            pair.lower > difference,
        )
        done += 1
    own_below, own_above, below, above = (missed / runs).tolist()
    return Tails(own_below, own_above), Tails(below, above)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    runs = parser.parse_args().runs
    sys.stdout.write(f"| case | of | {' | '.join(SCORES)} |\n|{' --- |' * (len(SCORES) + 2)}\n")
    for case in CASES:
        both = [tails(case, score, runs) for score in SCORES]
        for i, of in enumerate(("an arm", "the difference")):
            cells = " | ".join(str(each[i]) for each in both)
            sys.stdout.write(f"| {case.name} | {of} | {cells} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

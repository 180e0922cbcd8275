"""How often the corrected score of a judge holds the truth, each end by itself, by simulation.

python -m tests.benchmarks.judge_coverage [--runs 2000]

People's labels are the truth; the judge errs on some of them. Beside our interval: PPI++ with the
usual t interval, whatever was seen of the judge's errors.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.ppi import powered_estimate, powered_mean

SHARE = 0.6

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """`labels` of `items` judged items have a human label; the judge says yes to a no with chance
    `false_yes` and no to a yes with `false_no`. `ties` is people's share of ties; `size` is how
    many items a cluster has, whose truth and errors are alike by .3; with `weighted` every second
    item counts three times."""

    name: str
    labels: int
    items: int
    false_yes: float
    false_no: float
    ties: float = 0.0
    size: int = 1
    weighted: bool = False


CASES = (
    Case("errs one way in 3%", 50, 1050, 0.075, 0.0),
    Case("errs one way in 6%", 50, 1050, 0.15, 0.0),
    Case("errs the other way in 6%", 50, 1050, 0.0, 0.1),
    Case("errs both ways in 10%", 50, 1050, 0.1, 0.1),
    Case("errs one way in 6%", 200, 2200, 0.15, 0.0),
    Case("errs one way in 10%", 200, 2200, 0.25, 0.0),
    Case("errs both ways in 40%", 100, 2100, 0.4, 0.4),
    Case("errs one way in 6%, few more items", 50, 100, 0.15, 0.0),
    Case("a fifth are ties, errs in 6%", 50, 1050, 0.15, 0.0, ties=0.2),
    Case("a fifth are ties, errs in 20%", 200, 2200, 0.25, 0.2, ties=0.2),
    Case("clusters of 5, errs one way in 6%", 100, 1100, 0.15, 0.0, size=5),
    Case("clusters of 5, errs in 30%", 200, 1100, 0.3, 0.3, size=5),
    Case("weighted, errs one way in 6%", 100, 1100, 0.15, 0.0, weighted=True),
    Case("weighted, errs in 30%", 200, 1100, 0.3, 0.3, weighted=True),
)


@dataclass(frozen=True)
class Found:
    """Shares of runs whose limits missed the truth, ours and plain PPI++'s, and our mean width."""

    above: float
    below: float
    plain_above: float
    plain_below: float
    width: float


def coverage(case: Case, runs: int, *, seed: int = 0) -> Found:
    """`above`: the lower limit lay above the truth; `below`: the upper one below it."""
    rng = np.random.default_rng([seed, case.labels, case.items, case.size])
    weights = np.where(np.arange(case.items) % 2, 3.0, 1.0) if case.weighted else None
    clusters = np.arange(case.items) // case.size if case.size > 1 else None
    truth = SHARE * (1 - case.ties) + case.ties / 2
    missed = np.zeros(5)
    for _ in range(runs):
        people, judge = _drawn(case, rng)
        looked = rng.permutation(case.items)[: case.labels]
        human = np.full(case.items, np.nan)
        human[looked] = people[looked]
        found = powered_estimate(
            human, judge, random_sample=True, bounds=(0, 1), clusters=clusters, weights=weights
        )
        plain = powered_mean(people[looked], judge[looked], judge[np.isnan(human)])
        half = 1.98 * plain.se
        missed += (
            found.lower > truth,
            found.upper < truth,
            plain.value - half > truth,
            plain.value + half < truth,
            found.upper - found.lower,
        )
    return Found(*(missed / runs))


def _drawn(case: Case, rng: np.random.Generator) -> tuple[Array, Array]:
    """People's and the judge's values of the items."""
    u, v = (_alike(case, rng) for _ in range(2))
    yes = u < SHARE
    judge = np.where(yes, v >= case.false_no, v < case.false_yes).astype(float)
    tied = rng.random(case.items) < case.ties
    wrong = v < np.where(yes, case.false_no, case.false_yes)
    return np.where(tied, 0.5, yes), np.where(tied & ~wrong, 0.5, judge)


def _alike(case: Case, rng: np.random.Generator) -> Array:
    """Uniform numbers, alike within clusters by a normal copula."""
    own = rng.standard_normal(case.items)
    if case.size > 1:
        shared = rng.standard_normal(case.items // case.size + 1)
        own = math.sqrt(0.7) * own + math.sqrt(0.3) * shared[np.arange(case.items) // case.size]
    return np.asarray([0.5 * math.erfc(-x / math.sqrt(2)) for x in own])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    say = sys.stdout.write
    say(f"{runs} runs a line, standard error of .025: {math.sqrt(0.025 * 0.975 / runs):.4f}\n\n")
    say("| judge | labels | lower misses | upper misses | covers | width | PPI++ covers |\n")
    say("| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
    for case in CASES:
        found = coverage(case, runs)
        say(
            f"| {case.name} | {case.labels} of {case.items:,} | {found.above:.4f} | "
            f"{found.below:.4f} | {1 - found.above - found.below:.3f} | {found.width:.3f} | "
            f"{1 - found.plain_above - found.plain_below:.3f} |\n"
        )


if __name__ == "__main__":
    main()

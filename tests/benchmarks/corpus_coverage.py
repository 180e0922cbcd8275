"""How often 95% intervals of linearised corpus scores hold the true difference of two arms.

python -m tests.benchmarks.corpus_coverage [--runs 2000]

Documents and clusters are drawn anew in each run; the truth is the score's difference in 400,000
documents.
"""

import argparse
import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.corpus import corpus_score
from evalhub.stats.corpus_counts import COUNTS
from evalhub.stats.paired import compare

Array = NDArray[np.float64]
TRUTH_OF = 400_000


@dataclass(frozen=True, slots=True)
class Case:
    """So many documents, in so many clusters of one size; 0: each stands alone."""

    score: str
    n: int
    clusters: int = 0


def likeness(score: str, rng: np.random.Generator, skill: Array) -> Array:
    """Counts of documents, of which each is answered as well as its skill (n,) says."""
    n = skill.size
    words = rng.integers(8, 40, n)
    if score in ("mcc", "f1"):
        gold = rng.random(n) < 0.4
        right = rng.random(n) < skill
        return np.column_stack([gold, np.where(right, gold, ~gold)]).astype(float)
    if score == "ter":
        return np.column_stack([rng.binomial(words, 1 - skill), words]).astype(float)
    if score.endswith("perplexity"):
        size = np.ones(n) if score == "perplexity" else words
        return np.column_stack([-size * rng.gamma(4, (1.4 - skill) / 4), size])
    length = np.maximum(4, words - rng.integers(0, 5, n))
    if score == "bleu":
        totals = np.column_stack([length - order for order in range(4)])
        matches = [rng.binomial(totals[:, k], skill ** (k + 1)) for k in range(4)]
        return np.column_stack([*matches, totals, length, words]).astype(float)
    orders = len(COUNTS[score]) // 3
    rows = []
    for order in range(orders):
        answer, reference = length * 4 - order, words * 4 - order
        match = rng.binomial(np.minimum(answer, reference), skill ** (1 + order / 3))
        rows += [answer, reference, match]
    return np.column_stack(rows).astype(float)


def two_arms(
    score: str, rng: np.random.Generator, clusters: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Counts of a baseline and a better candidate, alike within a document and a cluster."""
    of_cluster = rng.normal(0, 0.08, clusters.max() + 1)[clusters]
    of_document = of_cluster + rng.normal(0, 0.05, clusters.size)
    return (
        likeness(score, rng, np.clip(0.66 + of_document, 0.05, 0.98)),
        likeness(score, rng, np.clip(0.7 + of_document, 0.05, 0.98)),
    )


def coverage(case: Case, runs: int, *, seed: int = 0) -> float:
    """The share of runs whose interval holds the truth; its standard error is √(c(1 − c)/runs)."""
    rng = np.random.default_rng([seed, case.n, case.clusters])
    truth = true_difference(case.score)
    clusters = np.arange(case.n) * (case.clusters or case.n) // case.n
    held = 0
    for _ in range(runs):
        base, tuned = (
            corpus_score(case.score, rows) for rows in two_arms(case.score, rng, clusters)
        )
        labels = clusters if case.clusters else None
        result = compare(base.scores, tuned.scores, clusters=labels)
        held += result.lower <= truth <= result.upper
    return held / runs


@lru_cache(maxsize=len(COUNTS))
def true_difference(score: str) -> float:
    """Of the two arms' scores, in as many documents as a population has."""
    rows = two_arms(score, np.random.default_rng(7), np.arange(TRUTH_OF))
    base, tuned = (corpus_score(score, some).value for some in rows)
    return tuned - base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    sizes = [(50, 0), (200, 0), (1000, 0), (200, 40)]
    heads = [f"{n} documents" + (f", {of} clusters" if of else "") for n, of in sizes]
    sys.stdout.write(f"| score | {' | '.join(heads)} |\n|{' --- |' * (len(sizes) + 1)}\n")
    for score in COUNTS:
        shares = [coverage(Case(score, n, of), runs) for n, of in sizes]
        sys.stdout.write(f"| {score} | {' | '.join(f'{each:.3f}' for each in shares)} |\n")


if __name__ == "__main__":
    main()

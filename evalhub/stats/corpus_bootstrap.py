"""Paired bootstrap of a score of all documents together.

Koehn 2004, "Statistical significance tests for machine translation evaluation", as sacrebleu's
`--paired-bs` has it: documents are drawn with replacement, the same of both arms, and the score of
each arm is computed anew from the sums of its counts. With sacrebleu's default seed the draws are
its own, so that the p-value is the one that it prints.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.corpus import summands, value_of_sum
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

RESAMPLES = 1000
SEED = 12345
"""sacrebleu's defaults."""


@dataclass(frozen=True, slots=True)
class PairedBootstrap:
    """What resampled documents make of candidate - baseline.

    Attributes:
        lower, upper: between them lie the middle 95% of the resamples' differences.
        p_value: sacrebleu's: the share of resamples whose absolute difference, less the mean of
            those, is above the one seen, (k + 1)/(resamples + 1). It is about half a two-sided
            p-value where that is small.
    """

    baseline: float
    candidate: float
    lower: float
    upper: float
    p_value: float
    resamples: int

    @property
    def difference(self) -> float:
        return self.candidate - self.baseline


def paired_bootstrap(
    name: str,
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> PairedBootstrap:
    """Resample both arms' documents.

    Args:
        name: one of COUNTS.
        baseline, candidate: (n, k), the counts of each document, row i of both being one document.
        clusters: (n,), labels of documents that share a source, which are drawn together.

    Raises:
        StatisticsError: the arms' documents aren't the same, or a score has no value.
    """
    arms = [summands(name, counts) for counts in (baseline, candidate)]
    documents = len(arms[0])
    if len(arms[1]) != documents:
        raise StatisticsError(f"{documents} documents beside {len(arms[1])}")
    if clusters is not None:
        arms = [_cluster_sums(rows, np.asarray(clusters)) for rows in arms]
    size = len(arms[0])
    before, after = (value_of_sum(name, rows.sum(axis=0)) for rows in arms)
    rng = np.random.default_rng(seed)
    differences = np.empty(resamples)
    for index in range(resamples):
        drawn = np.bincount(rng.choice(size, size=size, replace=True), minlength=size)
        with np.errstate(over="ignore"):
            differences[index] = value_of_sum(name, drawn @ arms[1]) - value_of_sum(
                name, drawn @ arms[0]
            )
    if not np.isfinite(differences).all():
        raise StatisticsError(f"{name} of some resamples is not finite")
    absolute = np.abs(differences)
    beyond = np.count_nonzero(absolute - absolute.mean() > abs(after - before))
    lower, upper = np.quantile(differences, (0.025, 0.975))
    p_value = float((beyond + 1) / (resamples + 1))
    return PairedBootstrap(before, after, float(lower), float(upper), p_value, resamples)


def _cluster_sums(rows: Array, labels: NDArray[np.generic]) -> Array:
    _, numbers = np.unique(labels, return_inverse=True)
    sums = np.zeros((int(numbers.max()) + 1, rows.shape[1]))
    np.add.at(sums, numbers, rows)
    return sums

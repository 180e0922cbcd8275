"""Calibration: how near stated probabilities come to how often they are right.

Confidences are put into `bins` of equal width from 0 to 1, whose edges don't move with the data. In
bin b of n_b answers, r_i = right_i - confidence_i has the mean d_b. The expected calibration error
(ECE; Naeini et al. 2015; Guo et al. 2017) is Σ n_b/n · |d_b|: of calibrated confidences too it is
above 0, by chance alone, and the more the fewer the answers. The square of d_b has the bias
var(r)/n_b, which is known, and taken away:

    θ = Σ_b n_b/n · (d_b² - s_b²/n_b) = 1/n · Σ_b Σ_{i≠j} r_i·r_j/(n_b - 1),

s_b² the variance of r in the bin. Where all confidences of a bin are equal this is the correction
of Ferro and Fricker (2012) and of Kumar, Liang and Ma (2019). It is a U-statistic, so its mean is
the squared error of the bins itself; it can be below 0, and cutting it off there would bring a bias
back. A bin with one answer says nothing and adds 0. Hájek's projection gives answer i the value

    psi_i = 2·r_i·(S_b - r_i)/(n_b - 1) - θ_b,

S_b the sum of r in its bin and θ_b the bin's own θ; their mean is θ.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.corpus import LinearisedScore
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson

Array = NDArray[np.float64]

LEAST_ANSWERS = 200
"""Fewer, and the intervals don't hold their level."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Answers whose confidence is from `start` to `stop`: their mean confidence, the share that is
    right, and its Clopper-Pearson 95% limits."""

    start: float
    stop: float
    count: int
    confidence: float
    right: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Errors of confidences.

    Attributes:
        ece: Σ n_b/n · |d_b|, as published: above 0 by chance.
        by_chance: the ECE that the same answers would show on average, were their confidences
            calibrated.
        squared: θ, the squared error without its bias.
        root: √θ, 0 where θ is below 0.
    """

    ece: float
    by_chance: float
    squared: float
    root: float


def calibration_score(confidences: ArrayLike, right: ArrayLike, bins: int) -> LinearisedScore:
    """θ and psi of the module's formula. Both arguments (n,): from 0 to 1, and 0 or 1.

    Raises StatisticsError for fewer answers than its intervals need.
    """
    p, y = _read(confidences, right)
    if p.size < LEAST_ANSWERS:
        raise StatisticsError(
            f"calibration_error needs {LEAST_ANSWERS} answers for an interval that holds, and has "
            f"{p.size}"
        )
    return _squared(p, y, bins)


def calibration(confidences: ArrayLike, right: ArrayLike, bins: int) -> Calibration:
    """The errors of any number of answers; arguments as in `calibration_score`."""
    p, y = _read(confidences, right)
    where = bin_of(p, bins)
    gaps = np.abs(np.bincount(where, y - p, bins))
    spread = np.sqrt(np.bincount(where, p * (1 - p), bins))
    squared = _squared(p, y, bins).value
    return Calibration(
        ece=float(gaps.sum() / p.size),
        by_chance=float(math.sqrt(2 / math.pi) * spread.sum() / p.size),
        squared=squared,
        root=math.sqrt(max(squared, 0.0)),
    )


def reliability(confidences: ArrayLike, right: ArrayLike, bins: int) -> list[ReliabilityBin]:
    """The curve: the bins that have answers, from the least confident on."""
    p, y = _read(confidences, right)
    where = bin_of(p, bins)
    rows = []
    for b in np.unique(where):
        of = where == b
        n, hits = int(of.sum()), int(y[of].sum())
        lower, upper = clopper_pearson(hits, n)
        rows.append(
            ReliabilityBin(
                start=float(b / bins),
                stop=float((b + 1) / bins),
                count=n,
                confidence=float(p[of].mean()),
                right=hits / n,
                lower=lower,
                upper=upper,
            )
        )
    return rows


def bin_of(confidences: Array, bins: int) -> NDArray[np.intp]:
    """The bin of each: a confidence at an edge belongs to the bin below, as scikit-learn has it."""
    return np.searchsorted(np.linspace(0.0, 1.0, bins + 1)[1:-1], confidences)


def _squared(p: Array, y: Array, bins: int) -> LinearisedScore:
    residual = y - p
    where = bin_of(p, bins)
    count = np.bincount(where, minlength=bins)
    total, squares = np.bincount(where, residual, bins), np.bincount(where, residual**2, bins)
    pairs = np.maximum(count - 1, 1)
    of_bin = np.where(count > 1, (total**2 - squares) / (np.maximum(count, 1) * pairs), 0.0)
    others = np.where(count > 1, 1 / pairs, 0.0)
    scores = 2 * residual * (total[where] - residual) * others[where] - of_bin[where]
    return LinearisedScore(float((of_bin * count).sum() / p.size), scores)


def _read(confidences: ArrayLike, right: ArrayLike) -> tuple[Array, Array]:
    p, y = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if p.ndim != 1 or p.shape != y.shape or not p.size:
        raise StatisticsError("calibration takes a confidence and a right or wrong of each answer")
    if not ((p >= 0) & (p <= 1)).all():
        raise StatisticsError("a confidence lies between 0 and 1")
    if not np.isin(y, (0, 1)).all():
        raise StatisticsError("an answer is right, 1, or wrong, 0")
    return p, y

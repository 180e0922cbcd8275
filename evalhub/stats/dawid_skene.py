"""Each rater's habits and each unit's likely label, when no true label is known.

Every unit has one true label, drawn from a common prior; a rater gives label k to a unit of
true label j with a chance that is the rater's own. Both are fitted by expectation-maximisation
from the majority's labels (Dawid and Skene 1979, Applied Statistics 28).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.ratings import Label

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """`confusion[rater]` is (true labels, given labels), rows adding up to 1; a row of a label
    that the rater never met is NaN. `posterior[unit]` is the chance of each label."""

    labels: tuple[Label, ...]
    prior: dict[Label, float]
    confusion: dict[object, Array]
    posterior: dict[object, Array]
    log_likelihood: float
    iterations: int
    converged: bool


def majority(labels: Sequence[Label]) -> Label | None:
    """The most frequent label; None without labels and for a tie."""
    counts = Counter(labels).most_common(2)
    if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def dawid_skene(
    units: Sequence[object],
    raters: Sequence[object],
    labels: Sequence[Label],
    *,
    tolerance: float = 1e-10,
    most_iterations: int = 1000,
) -> DawidSkene:
    """Fits ratings given as three columns; a rater may rate a unit more than once.

    Raises StatisticsError for no ratings, columns of unequal length, or fewer than two labels
    or raters, where nothing tells a rater's habits from the truth.
    """
    if not len(units) == len(raters) == len(labels) or not len(units):
        raise StatisticsError("every rating needs a unit, a rater and a label")
    unit_names, rater_names = list(dict.fromkeys(units)), list(dict.fromkeys(raters))
    try:
        label_names = tuple(sorted(set(labels)))
    except TypeError as error:
        raise StatisticsError("labels mix text and numbers; use one kind") from error
    if len(label_names) < 2 or len(rater_names) < 2:
        raise StatisticsError("at least two raters and two labels are needed")
    data = _Given(
        unit=_positions(units, unit_names),
        rater=_positions(raters, rater_names),
        label=_positions(labels, label_names),
        shape=(len(unit_names), len(rater_names), len(label_names)),
    )
    posterior = np.zeros((len(unit_names), len(label_names)))
    np.add.at(posterior, (data.unit, data.label), 1.0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    prior, habits = _maximise(data, posterior)
    previous = log_likelihood = -np.inf
    iteration, converged = 0, False
    while not converged and iteration < most_iterations:
        iteration += 1
        prior, habits = _maximise(data, posterior)
        posterior, log_likelihood = _expect(data, prior, habits)
        converged = abs(log_likelihood - previous) < tolerance
        previous = log_likelihood
    return DawidSkene(
        labels=label_names,
        prior={label: float(p) for label, p in zip(label_names, prior, strict=True)},
        confusion={rater: habits[r] for r, rater in enumerate(rater_names)},
        posterior={unit: posterior[u] for u, unit in enumerate(unit_names)},
        log_likelihood=log_likelihood,
        iterations=iteration,
        converged=converged,
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """Ratings as three columns of places; `shape` is (units, raters, labels)."""

    unit: NDArray[np.intp]
    rater: NDArray[np.intp]
    label: NDArray[np.intp]
    shape: tuple[int, int, int]


def _positions(column: Sequence[object], names: Sequence[object]) -> NDArray[np.intp]:
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[x] for x in column], np.intp)


def _maximise(data: _Given, posterior: Array) -> tuple[Array, Array]:
    """The prior (labels,) and habits (raters, true, given) that fit the posterior best."""
    _, raters, labels = data.shape
    cell = data.rater * labels + data.label
    sums = [
        np.bincount(cell, posterior[data.unit, true], raters * labels).reshape(raters, labels)
        for true in range(labels)
    ]
    counts = np.stack(sums, axis=1)
    totals = counts.sum(axis=2, keepdims=True)
    habits = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    return posterior.mean(axis=0), habits


def _expect(data: _Given, prior: Array, habits: Array) -> tuple[Array, float]:
    """Each unit's chances (units, labels) of a true label, and the log-likelihood."""
    units, _, labels = data.shape
    with np.errstate(divide="ignore"):
        logs = np.log(np.nan_to_num(habits, nan=1.0))
        log_prior = np.log(prior)
    likelihoods = logs[data.rater, :, data.label]  # (ratings, true labels)
    joint = np.column_stack(
        [np.bincount(data.unit, likelihoods[:, true], units) for true in range(labels)]
    )
    joint += log_prior
    top = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - top)
    sums = weights.sum(axis=1, keepdims=True)
    return weights / sums, float((np.log(sums) + top).sum())

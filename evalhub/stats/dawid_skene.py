"""Each rater's habits and each unit's likely label, when no true label is known.

Every unit has one true label, drawn from a common prior; a rater gives label k to a unit of
true label j with a chance that is the rater's own. Both are fitted by expectation-maximisation
from the majority's labels (Dawid and Skene 1979, Applied Statistics 28).
"""

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
    counts = _counts(units, raters, labels, unit_names, rater_names, label_names)
    posterior = counts.sum(axis=1)
    posterior /= posterior.sum(axis=1, keepdims=True)
    prior, habits = _maximise(counts, posterior)
    previous = log_likelihood = -np.inf
    iteration, converged = 0, False
    while not converged and iteration < most_iterations:
        iteration += 1
        prior, habits = _maximise(counts, posterior)
        posterior, log_likelihood = _expect(counts, prior, habits)
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


def _counts(
    units: Sequence[object],
    raters: Sequence[object],
    labels: Sequence[Label],
    unit_names: list[object],
    rater_names: list[object],
    label_names: tuple[Label, ...],
) -> Array:
    """How often each rater gave each label to each unit: (units, raters, labels)."""
    shape = (len(unit_names), len(rater_names), len(label_names))
    columns = [
        [{name: i for i, name in enumerate(names)}[x] for x in column]
        for names, column in ((unit_names, units), (rater_names, raters), (label_names, labels))
    ]
    flat = np.ravel_multi_index(np.array(columns, dtype=np.intp), shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(float)


def _maximise(counts: Array, posterior: Array) -> tuple[Array, Array]:
    """The prior (labels,) and habits (raters, true, given) that fit the posterior best."""
    given = np.einsum("ut,urg->rtg", posterior, counts)
    totals = given.sum(axis=2, keepdims=True)
    habits = np.divide(given, totals, out=np.full_like(given, np.nan), where=totals > 0)
    return posterior.mean(axis=0), habits


def _expect(counts: Array, prior: Array, habits: Array) -> tuple[Array, float]:
    """Each unit's chances (units, labels) of a true label, and the log-likelihood."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.nan_to_num(habits, nan=1.0))
        log_prior = np.log(prior)
    # A label that is never given costs nothing where its chance is 0: 0 * log 0 = 0.
    never = np.einsum("urg,rtg->ut", counts, np.isneginf(logs).astype(float)) > 0
    joint = np.einsum("urg,rtg->ut", counts, np.where(np.isneginf(logs), 0.0, logs)) + log_prior
    joint[never] = -np.inf
    top = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - top)
    sums = weights.sum(axis=1, keepdims=True)
    return weights / sums, float((np.log(sums) + top).sum())

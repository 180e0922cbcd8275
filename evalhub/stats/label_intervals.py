"""Intervals of one arm's scores of labels.

A recall is a share of the items of its label, a precision of the answers that say it, and so on:
each gets Clopper and Pearson's limits at its effective number of items, v·(1 - v)/se² (Korn and
Graubard 1998), se the linearised score's CR2 error, over clusters where there are some. Where
nothing was wrong, or nothing right, se says nothing, and the number is that of the items.

A mean over labels has the limits that its labels' limits make together (MOVER; Zou and Donner
2008): v - √(Σ_jk r_jk·(v_j - l_j)·(v_k - l_k))/K, r_jk the correlation of their linearised scores.
A label on which nothing was wrong so still adds what may be wrong.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.classification import confusion, jackknifed, label_counts
from evalhub.stats.clusters import assumed_design_effect, clustered_mean
from evalhub.stats.corpus import LinearisedScore
from evalhub.stats.distributions import beta_quantile, t_quantile
from evalhub.stats.intervals import Estimate
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

_MEANS_OF = {"balanced_accuracy": "recall", "macro_f1": "f1"}


@dataclass(frozen=True, slots=True)
class _Labelled:
    golds: Numbers
    answers: Numbers
    table: Array
    clusters: Numbers | None

    def linearised(self, score: str, label: int | None) -> LinearisedScore:
        return jackknifed(score, self.golds, self.answers, self.table, label)

    def count(self, score: str, label: int | None) -> float:
        """Of what the score is a share."""
        if label is None:
            return float(self.golds.size)
        counts = label_counts(self.table, label)
        return counts.answers if score == "precision" else counts.items


def arm_interval(
    score: str,
    golds: ArrayLike,
    answers: ArrayLike,
    size: int,
    *,
    label: int | None = None,
    clusters: Numbers | None = None,
    alpha: float = ALPHA,
) -> Estimate:
    """The score with its limits, each of which errs with rate `alpha`; None where nothing can be
    divided by. Arguments as in `evalhub.stats.classification`; `clusters` (n,) are numbers."""
    gold, answer = np.asarray(golds, dtype=np.intp), np.asarray(answers, dtype=np.intp)
    labelled = _Labelled(gold, answer, confusion(gold, answer, size), clusters)
    if score in _MEANS_OF:
        return _mean_over_labels(labelled, _MEANS_OF[score], alpha)
    return _share(labelled, score, label, alpha)


def _share(labelled: _Labelled, score: str, label: int | None, alpha: float) -> Estimate:
    count = labelled.count(score, label)
    if count == 0:
        return Estimate(None)
    linearised = labelled.linearised(score, label)
    value = min(max(linearised.value, 0.0), 1.0)
    mean = clustered_mean(linearised.scores, labelled.clusters)
    if 0 < mean.se < math.inf and 0 < value < 1:
        ratio = t_quantile(1 - alpha, labelled.golds.size - 1) / t_quantile(1 - alpha, mean.df)
        count = value * (1 - value) / mean.se**2 * ratio**2
    else:
        count /= assumed_design_effect(labelled.golds.size, labelled.clusters, None)
    hits = value * count
    lower = beta_quantile(alpha, hits, count - hits + 1) if value > 0 else 0.0
    upper = beta_quantile(1 - alpha, hits + 1, count - hits) if value < 1 else 1.0
    return Estimate(value, lower, upper)


def _mean_over_labels(labelled: _Labelled, score: str, alpha: float) -> Estimate:
    labels = [k for k in range(len(labelled.table)) if labelled.table[k].any()]
    parts = [_share(labelled, score, k, alpha) for k in labels]
    values, lower, upper = (
        np.array([getattr(part, name) for part in parts]) for name in ("value", "lower", "upper")
    )
    alike = _correlations(labelled, score, labels)
    value, size = float(values.mean()), len(labels)
    if score == "f1":  # a label that no item has counts as 0
        value, size = float(values.sum() / len(labelled.table)), len(labelled.table)
    below, above = values - lower, upper - values
    return Estimate(
        value,
        max(value - math.sqrt(max(below @ alike @ below, 0.0)) / size, 0.0),
        min(value + math.sqrt(max(above @ alike @ above, 0.0)) / size, 1.0),
    )


def _correlations(labelled: _Labelled, score: str, labels: list[int]) -> Array:
    """Of the labels' linearised scores, summed by cluster: 0 where one doesn't vary."""
    rows = np.array([labelled.linearised(score, k).scores for k in labels])
    rows = rows - rows.mean(axis=1, keepdims=True)
    if labelled.clusters is not None:
        groups = int(labelled.clusters.max()) + 1
        rows = np.array([np.bincount(labelled.clusters, row, groups) for row in rows])
    products = rows @ rows.T
    scale = np.sqrt(np.diag(products))
    both = np.outer(scale, scale)
    alike: Array = np.divide(products, both, out=np.zeros_like(products), where=both > 0)
    np.fill_diagonal(alike, 1.0)
    return alike

"""Scores of labels given to items, from their confusion: each with a value for each item.

Recall and balanced accuracy are means of shares: an item of label k that is right has n/(K·N_k),
N_k the number of items of its label and K that of the labels that the score is of, and any other
has 0. Where neither arm has found a rare label yet, that is 0 throughout, and tells as little of
what finding it would bring as F1 below. So half of the items of the most common other label, drawn
by their keys, have as much more as an item of the rarest label is worth more than they, and all
items less by the mean of that.

F1 and precision are a smooth function g of the confusion's cells. As in `evalhub.stats.corpus`,
item i has the infinitesimal jackknife's value psi_i = g + n · (t_i - T/n) · ∇g, whose mean is g
exactly. To that is added what depends on the item's right label alone and has the mean 0,

    c_i = Σ_k 1/K · (1[gold_i = k] - N_k/n) · n/N_k.

It is the same in both arms, so no difference changes; but the values of one arm now span what a
single item can move the score by, even if the arm is right on every item of a label. From that span
the interval of two arms that hardly differ is made, which would else rule out too much where a rare
label has lost nothing yet (`evalhub.stats.paired`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.corpus import LinearisedScore
from evalhub.stats.errors import StatisticsError
from evalhub.stats.label_scores import LEAST_ITEMS, LEAST_OF_A_LABEL

Array = NDArray[np.float64]
type Gradient = tuple[float, Array]
"""g and its gradient by cell, (labels, labels + 1)."""


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Of one label: `items` that have it, `answers` that say it, and `right` that do both."""

    items: float
    answers: float
    right: float


def confusion(golds: ArrayLike, answers: ArrayLike, size: int) -> Array:
    """Counts of items, (size, size + 1): the right label by the answer's, and in the last column
    answers that are none of the labels.

    Args:
        golds: (n,) numbers of labels, from 0.
        answers: (n,) likewise; `size` is an answer that is none of them.
    """
    table = np.zeros((size, size + 1))
    np.add.at(table, (np.asarray(golds, dtype=int), np.asarray(answers, dtype=int)), 1)
    return table


def label_counts(table: Array, label: int) -> LabelCounts:
    """The counts of one label."""
    items, answers = table[label].sum(), table[:, label].sum()
    return LabelCounts(float(items), float(answers), float(table[label, label]))


def classification_value(score: str, table: Array, label: int | None = None) -> float:
    """The score of a confusion, from 0 to 1, as scikit-learn has it with the list of labels.

    A precision, recall or F1 without anything to divide by is 0; balanced accuracy is of the labels
    that some item has. `label` is needed for a score of OF_ONE_LABEL.
    """
    return _FORMULAS[score](np.asarray(table, dtype=float), label)[0]


def classification_score(
    score: str,
    golds: ArrayLike,
    answers: ArrayLike,
    size: int,
    label: int | None = None,
    *,
    halves: ArrayLike | None = None,
) -> LinearisedScore:
    """The score of all items, and each item's own; other arguments as in `confusion`.

    Args:
        halves: (n,), which items are in the half of the module's formula, the same in both arms;
            None: every other one.

    Raises:
        StatisticsError: there are fewer items, or fewer of a label, than its intervals need. An
            accuracy has exact intervals of any number.
    """
    gold, answer = np.asarray(golds, dtype=int), np.asarray(answers, dtype=int)
    table = confusion(gold, answer, size)
    if why := too_few(score, table, label):
        raise StatisticsError(why)
    if score == "accuracy":
        return LinearisedScore(classification_value(score, table), (gold == answer).astype(float))
    share_of = _shares(size, label) * len(gold) / table.sum(axis=1).clip(1)
    if score in ("recall", "balanced_accuracy"):
        value = classification_value(score, table, label)
        half = np.arange(gold.size) % 2 == 0 if halves is None else np.asarray(halves, dtype=bool)
        own = share_of[gold] * (gold == answer)
        return LinearisedScore(value, own + _reach(share_of, table, gold, half))
    linearised = jackknifed(score, gold, answer, table, label)
    if score == "micro_f1":
        return linearised
    return LinearisedScore(linearised.value, linearised.scores + share_of[gold] - 1)


def jackknifed(
    score: str,
    golds: NDArray[np.intp],
    answers: NDArray[np.intp],
    table: Array,
    label: int | None = None,
) -> LinearisedScore:
    """psi of the module's formula, of any number of items; `table` is their confusion."""
    value, gradient = _FORMULAS[score](table, label)
    if score == "accuracy":
        return LinearisedScore(value, (golds == answers).astype(float))
    own = gradient[golds, answers]
    return LinearisedScore(value, value + golds.size * (own - own.mean()))


def too_few(score: str, table: Array, label: int | None = None) -> str:
    """Why a confusion has too few items for the score's intervals, or ""."""
    n = int(table.sum())
    if score == "accuracy":
        return "" if n else "there is no item"
    if n < LEAST_ITEMS:
        return f"{score} needs {LEAST_ITEMS} items for an interval that holds, and has {n}"
    of_items = table.sum(axis=1)
    needed = [] if score == "micro_f1" else range(len(table)) if label is None else [label]
    for one in needed:
        if of_items[one] < LEAST_OF_A_LABEL:
            return (
                f"{score} needs {LEAST_OF_A_LABEL} items of each label it is of, and label "
                f"{one + 1} of the list has {int(of_items[one])}"
            )
    if score == "precision" and label is not None and table[:, label].sum() < LEAST_OF_A_LABEL:
        return (
            f"precision needs {LEAST_OF_A_LABEL} answers that say the label, and there are "
            f"{int(table[:, label].sum())}"
        )
    return ""


def _shares(size: int, label: int | None) -> Array:
    """What the items of each label can lose of the score together: 1/K of the module's formula."""
    of = np.zeros(size)
    of[slice(None) if label is None else label] = 1 if label is not None else 1 / size
    return of


def _reach(share_of: Array, table: Array, gold: NDArray[np.intp], half: NDArray[np.bool_]) -> Array:
    """What is added to shares, with the mean 0. It is the same for any order of the items, to the
    last bit, so that no two equal shares differ by it."""
    rarest = int(share_of.argmax())
    items = table.sum(axis=1)
    items[rarest] = -1
    common = int(items.argmax())
    raised = (gold == common) & half
    return np.asarray((share_of[rarest] - share_of[common]) * (raised - raised.sum() / gold.size))


def _accuracy(table: Array, label: int | None) -> Gradient:
    n, right = table.sum(), np.trace(table)
    slope = np.eye(*table.shape) / n - right / n**2
    return float(right / n), slope


def _recall(table: Array, label: int | None) -> Gradient:
    """Right of the items that have the label."""
    slope = np.zeros_like(table)
    items, right = table[label].sum(), table[label, label]
    if items == 0:
        return 0.0, slope
    slope[label] = -right / items**2
    slope[label, label] += 1 / items
    return float(right / items), slope


def _precision(table: Array, label: int | None) -> Gradient:
    """Right of the answers that say the label."""
    slope = np.zeros_like(table)
    answers, right = table[:, label].sum(), table[label, label]
    if answers == 0:
        return 0.0, slope
    slope[:, label] = -right / answers**2
    slope[label, label] += 1 / answers
    return float(right / answers), slope


def _f1(table: Array, label: int | None) -> Gradient:
    """Twice the right by the items that have the label and the answers that say it."""
    slope = np.zeros_like(table)
    below, right = table[label].sum() + table[:, label].sum(), table[label, label]
    if below == 0:
        return 0.0, slope
    slope[label] -= 2 * right / below**2
    slope[:, label] -= 2 * right / below**2
    slope[label, label] += 2 / below
    return float(2 * right / below), slope


def _balanced_accuracy(table: Array, label: int | None) -> Gradient:
    """The mean recall of the labels that some item has."""
    parts = [_recall(table, k) for k in range(len(table)) if table[k].any()]
    return float(np.mean([v for v, _ in parts])), np.mean([s for _, s in parts], axis=0)


def _macro_f1(table: Array, label: int | None) -> Gradient:
    """The mean F1 of all labels of the list."""
    parts = [_f1(table, k) for k in range(len(table))]
    return float(np.mean([v for v, _ in parts])), np.mean([s for _, s in parts], axis=0)


def _micro_f1(table: Array, label: int | None) -> Gradient:
    """Twice the right by all items and all answers that are labels: accuracy, where all are."""
    right, below = np.trace(table), table.sum() + table[:, :-1].sum()
    by_cell = np.full(table.shape, 2.0)
    by_cell[:, -1] = 1.0
    return float(2 * right / below), 2 * np.eye(*table.shape) / below - 2 * right / below**2 * (
        by_cell
    )


_FORMULAS: Mapping[str, Callable[[Array, int | None], Gradient]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "macro_f1": _macro_f1,
    "micro_f1": _micro_f1,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
}

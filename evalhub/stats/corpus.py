"""Scores of all documents together, linearised: a value for each document, whose mean is the score.

BLEU, chrF, TER, Matthews' correlation, F1 and perplexities are a smooth function g of the sum T of
a vector of counts t_i that each of n documents has. The infinitesimal jackknife (Jaeckel 1972;
Efron 1982, chapter 6) gives document i the value

    psi_i = g(T) + n · (t_i - T/n) · ∇g(T),

whose mean is g(T) exactly. The variance of a mean of these values, or of their paired differences,
by cluster where there are clusters, is the delta method's, to which that of a bootstrap of
documents (or clusters) converges. A document's own value means nothing by itself: it can lie far
beyond the range of the score.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.corpus_counts import BLEU_ORDER, COUNTS, LABELS
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]
type Gradient = tuple[float, Array]
"""g(T) and its gradient, of the length of T."""

CHRF_BETA = 2.0


@dataclass(frozen=True, slots=True)
class LinearisedScore:
    """`value` is g(T), and `scores` (n,) what each document has, in the order of the counts."""

    value: float
    scores: Array


def corpus_score(name: str, counts: ArrayLike) -> LinearisedScore:
    """The score of all documents, and its linearised scores of each.

    Args:
        name: one of COUNTS.
        counts: (n, k), a document a row, a count a column as COUNTS names them.

    Raises:
        StatisticsError: there is no document, a count is not finite, or the score has no value.
    """
    rows = summands(name, counts)
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient = _FORMULAS[name](rows.sum(axis=0))
        scores = value + len(rows) * ((rows - rows.mean(axis=0)) @ gradient)
    if not np.isfinite(value) or not np.isfinite(scores).all():
        raise StatisticsError(f"{name} of these {len(rows)} documents is not finite")
    return LinearisedScore(value, scores)


def summands(name: str, counts: ArrayLike) -> Array:
    """What each document adds to the sum that the score is of: (n, m). Takes and raises what
    `corpus_score` does."""
    rows = np.asarray(counts, dtype=float)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != len(COUNTS[name]):
        raise StatisticsError(f"{name} takes {len(COUNTS[name])} counts of each document")
    if not np.isfinite(rows).all():
        raise StatisticsError(f"{name} takes finite counts")
    return _cells(name, rows) if COUNTS[name] == LABELS else rows


def value_of_sum(name: str, total: Array) -> float:
    """The score of documents whose summands sum up to `total` (m,). Raises StatisticsError where it
    has no value."""
    return _FORMULAS[name](total)[0]


def ratio_score(amounts: ArrayLike, sizes: ArrayLike) -> LinearisedScore:
    """The sum of amounts over the sum of sizes, R = A/S, and its linearised scores.

    By the formula above with g(A, S) = A/S and ∇g = (1/S, -A/S²), n texts of mean size m:

        psi_i = R + n · ((a_i - A/n)/S - (s_i - S/n)·A/S²) = R + (a_i - R·s_i)/m.

    Args:
        amounts: (n,), such as bits; sizes: (n,), such as bytes, above 0.

    Raises:
        StatisticsError: there is no text, an amount is not finite, or a size is not above 0.
    """
    above, below = np.asarray(amounts, dtype=float), np.asarray(sizes, dtype=float)
    if not above.size or above.shape != below.shape or above.ndim != 1:
        raise StatisticsError("a ratio takes an amount and a size of each text")
    if not (np.isfinite(above).all() and np.isfinite(below).all() and (below > 0).all()):
        raise StatisticsError("a ratio takes finite amounts, and sizes above 0")
    value = float(above.sum() / below.sum())
    return LinearisedScore(value, value + (above - value * below) / below.mean())


def _bleu(total: Array) -> Gradient:
    """Papineni et al. 2002, as sacrebleu's default has it, from 0 to 100: an order of which nothing
    matched counts as 1/(2^k · total), k the number of such orders so far (exponential smoothing).
    """
    matches, totals = total[:BLEU_ORDER], total[BLEU_ORDER:-2]
    length, reference = total[-2:]
    gradient = np.zeros_like(total)
    if not matches.any() or not totals.all():
        return 0.0, gradient
    smoothed = np.cumsum(matches == 0)
    precisions = np.where(matches > 0, matches, 0.5**smoothed) / totals
    short = min(0.0, 1 - reference / length)
    value = 100 * float(np.exp(short + np.log(precisions).mean()))
    hit = matches > 0
    gradient[:BLEU_ORDER][hit] = value / BLEU_ORDER / matches[hit]
    gradient[BLEU_ORDER:-2] = -value / BLEU_ORDER / totals
    if length < reference:
        gradient[-2:] = value * reference / length**2, -value / length
    return value, gradient


def _chrf(total: Array) -> Gradient:
    """Popović 2015, as sacrebleu's default has it, from 0 to 100: F (beta 2) of the mean precision
    and the mean recall over those orders that both sides have."""
    answer, reference, match = total.reshape(-1, 3).T
    gradient = np.zeros((3, answer.size))
    both = (answer > 0) & (reference > 0)
    if not match[both].any():
        return 0.0, gradient.T.ravel()
    h, r, m, orders = answer[both], reference[both], match[both], int(both.sum())
    precision, recall, factor = (m / h).mean(), (m / r).mean(), CHRF_BETA**2
    below = factor * precision + recall
    by_precision = 100 * (1 + factor) * (recall / below) ** 2 / orders
    by_recall = 100 * (1 + factor) * factor * (precision / below) ** 2 / orders
    gradient[0, both] = -by_precision * m / h**2
    gradient[1, both] = -by_recall * m / r**2
    gradient[2, both] = by_precision / h + by_recall / r
    return float(100 * (1 + factor) * precision * recall / below), gradient.T.ravel()


def _ter(total: Array) -> Gradient:
    """Snover et al. 2006: edits in 100 words of the references."""
    edits, length = total
    if length <= 0:
        return 100.0 * (edits > 0), np.zeros(2)
    return float(100 * edits / length), np.array([100 / length, -100 * edits / length**2])


def _f1(total: Array) -> Gradient:
    """2·tp/(2·tp + fp + fn) of the label 1; 0 where neither side has it."""
    [_, false_positive], [false_negative, positive] = total.reshape(2, 2)
    below = 2 * positive + false_positive + false_negative
    if below == 0:
        return 0.0, np.zeros(4)
    wrong = -2 * positive / below**2
    by_positive = 2 / below + 2 * wrong
    return float(2 * positive / below), np.array([0.0, wrong, wrong, by_positive])


def _mcc(total: Array) -> Gradient:
    """Gorodkin 2004 for any number of labels; 0 where one side has only one label, as sklearn has
    it."""
    size = int(np.sqrt(total.size))
    cells = total.reshape(size, size)
    golds, answers = cells.sum(axis=1), cells.sum(axis=0)
    n, right = cells.sum(), np.trace(cells)
    covariance = right * n - golds @ answers
    of_golds, of_answers = n**2 - golds @ golds, n**2 - answers @ answers
    if of_golds * of_answers == 0:
        return 0.0, np.zeros_like(total)
    root = np.sqrt(of_golds * of_answers)
    value = covariance / root
    slope = np.eye(size) * n + right - answers[:, None] - golds[None, :]
    spread = (n - golds)[:, None] / of_golds + (n - answers)[None, :] / of_answers
    return float(value), (slope / root - value * spread).ravel()


def _perplexity(total: Array) -> Gradient:
    """exp(-log-likelihood/size), of nats and words, bytes or documents."""
    likelihood, size = total
    if size <= 0:
        raise StatisticsError("a perplexity takes documents that have a size")
    value = np.exp(-likelihood / size)
    return float(value), value * np.array([-1 / size, likelihood / size**2])


def _cells(name: str, labels: Array) -> Array:
    """The cell of the table of labels, gold by answer, that each document is in: (n, labels²)."""
    distinct, numbers = np.unique(labels, return_inverse=True)
    if name == "f1":
        if not np.isin(distinct, (0, 1)).all():
            raise StatisticsError("f1 takes the labels 0 and 1")
        distinct, numbers = np.array([0.0, 1.0]), labels.astype(int)
    numbers = numbers.reshape(labels.shape)
    cells = np.zeros((len(labels), distinct.size**2))
    cells[np.arange(len(labels)), numbers[:, 0] * distinct.size + numbers[:, 1]] = 1
    return cells


_FORMULAS: Mapping[str, Callable[[Array], Gradient]] = {
    "bleu": _bleu,
    "chrf": _chrf,
    "chrf++": _chrf,
    "ter": _ter,
    "mcc": _mcc,
    "f1": _f1,
    "perplexity": _perplexity,
    "word_perplexity": _perplexity,
    "byte_perplexity": _perplexity,
}

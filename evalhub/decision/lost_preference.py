"""People's and a judge's preference with the pairs that a mirror lost filled the worst way. Pure.

Nobody compares a pair of which an answer was lost. Were the candidate to lose each of them, its win
score w over the others would be (1 - s)·w, where s is the share of the lost pairs among all that
would have been compared, by weight (Manski 1990). Its limits square and add two distances
(Newcombe 1998, Statistics in Medicine 17:873): that of w's limit, shrunk alike, and w times that of
Wilson's upper limit of s, the further one. That limit is of as many pairs as say as much of the
share, each by itself: a mirror may lose all of a user's at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import Rows
from evalhub.decision.criteria.preference import WinScoreKind
from evalhub.decision.criterion import Criterion
from evalhub.decision.evidence import Evidence
from evalhub.decision.sections.lost_pairs import LostRow
from evalhub.stats.bounded import number_labels
from evalhub.stats.clusters import clustered_mean, kish_effect
from evalhub.stats.distributions import normal_quantile

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LostShare:
    """What was lost of the pairs that a preference is about.

    Attributes:
        pairs: those that differ, and those of which an answer was lost.
        lost: how many of them were lost.
        share: theirs of the weight, from 0 to 1.
        n: effective number of `pairs`, as so many of equal weight, each by itself.
    """

    pairs: int
    lost: int
    share: float
    n: float


def with_lost_preference(
    evidence: Evidence, scores: Sequence[Aligned]
) -> tuple[Evidence, list[LostRow]]:
    """The evidence with each preference as if the candidate had lost every lost pair, and a row
    for each preference that lost some.

    Args:
        scores: all pairs, with those that were lost.
    """
    by_test_set = {
        each.requirement.test_set: each
        for each in scores
        if each.lost is not None and each.requirement.kind.by_metric
    }
    rows: list[LostRow] = []

    def filled(criteria: Sequence[Criterion]) -> list[Criterion]:
        return [_filled(criterion, evidence, by_test_set, rows) for criterion in criteria]

    people = replace(evidence.people, criteria=filled(evidence.people.criteria))
    judge = replace(evidence.judge, criteria=filled(evidence.judge.criteria))
    return replace(evidence, people=people, judge=judge), rows


def _filled(
    criterion: Criterion,
    evidence: Evidence,
    by_test_set: dict[str, Aligned],
    rows: list[LostRow],
) -> Criterion:
    aligned = by_test_set.get(criterion.test_set)
    if aligned is None or not isinstance(criterion.kind, WinScoreKind):
        return criterion
    share = lost_share(aligned, alike=_alike(criterion, evidence, _compared(aligned)))
    rows.append(
        LostRow(
            name=criterion.name, test_set=criterion.test_set, pairs=share.pairs, lost=share.lost
        )
    )
    return fill_win_score(criterion, share)


def _compared(aligned: Aligned) -> int:
    """Items that both arms answered."""
    return (
        len(aligned.items) if aligned.failed is None else int((~aligned.failed.any(axis=0)).sum())
    )


def _alike(criterion: Criterion, evidence: Evidence, compared: int) -> int:
    """Items whose two answers read the same, so that nobody compares them."""
    judge, people = evidence.judge.section, evidence.people.record
    if criterion.kind.counts_judgments:
        return 0 if people is None else people.identical
    figures = None if judge is None else judge.figures
    return 0 if figures is None else max(0, compared - figures.pairs)


def lost_share(aligned: Aligned, *, alike: int) -> LostShare:
    """The share of lost pairs among those that differ and the lost ones themselves. Of the `alike`
    pairs only the number is known: they are taken to weigh as much as the others on average."""
    weights = np.ones(len(aligned.items)) if aligned.weights is None else aligned.weights
    lost = np.zeros(len(weights), dtype=bool) if aligned.lost is None else aligned.lost
    failed = lost if aligned.failed is None else aligned.failed.any(axis=0)
    compared, losses = int((~failed).sum()), int(lost.sum())
    differing = max(0, compared - alike)
    weight = float(weights[~failed].sum()) * (differing / compared if compared else 0.0)
    lost_weight = float(weights[lost].sum())
    return LostShare(
        pairs=differing + losses,
        lost=losses,
        share=lost_weight / (lost_weight + weight),
        n=(differing + losses) / _design_effect(aligned, weights, lost, lost | ~failed),
    )


def _design_effect(aligned: Aligned, weights: Array, lost: Rows, rows: Rows) -> float:
    """How much more the lost share of these `rows` varies than that of as many equal items, each by
    itself: as was seen, and no less than by their weights (Kish)."""
    if aligned.clusters is None and aligned.weights is None:
        return 1.0
    labels = None
    if aligned.clusters is not None:
        labels = number_labels(list(compress(aligned.clusters, rows)))
    seen = clustered_mean(lost[rows].astype(float), labels, weights[rows]).design_effect
    return max(1.0, seen, kish_effect(weights[rows]))


def upper_share(share: float, n: float, *, level: float) -> float:
    """The upper end of Wilson's score interval of a share of `n`, at a one-sided `level`."""
    z = normal_quantile(1 - level)
    half = z * sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return (share + z * z / (2 * n) + half) / (1 + z * z / n)


def fill_win_score(criterion: Criterion, lost: LostShare) -> Criterion:
    """A win score's criterion, were each lost pair lost by the candidate."""
    left, score = 1 - lost.share, criterion.candidate
    low, high = (
        hypot(left * limit, score * (upper_share(lost.share, lost.n, level=level) - lost.share))
        for limit, level in (
            (criterion.difference - criterion.lower, criterion.alpha),
            (criterion.upper - criterion.difference, criterion.harm_alpha),
        )
    )
    filled = left * score
    return criterion.model_copy(
        update={
            "candidate": filled,
            "difference": filled - criterion.baseline,
            "lower": max(0.0, filled - low) - criterion.baseline,
            "upper": min(1.0, filled + high) - criterion.baseline,
        }
    )

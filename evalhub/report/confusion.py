"""Labels of two arms: the confusion of each, and the precision and recall of each label. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.classification import classification_score, confusion
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import Estimate
from evalhub.stats.label_intervals import arm_interval
from evalhub.stats.paired import compare

Numbers = NDArray[np.intp]

SHADES = 4


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """`share` is of the row; `shade` from 0 to SHADES is how large that is."""

    count: int
    share: float
    right: bool

    @property
    def shade(self) -> int:
        return 0 if not self.count else 1 + min(int(self.share * SHADES), SHADES - 1)


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    """What the answers to the items of one label were; the last cell is of answers outside."""

    label: str
    items: int
    cells: Sequence[ConfusionCell]


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    arm: str
    labels: Sequence[str]
    rows: Sequence[ConfusionRow]
    outside: int


@dataclass(frozen=True, slots=True)
class LabelFigure:
    """One score of one label, or of all, in both arms, each with its 95% interval. `difference` is
    candidate - baseline; `unscored` says why there is no interval of it."""

    label: str
    score: str
    baseline: Estimate
    candidate: Estimate
    difference: Estimate
    unscored: str

    @property
    def arms(self) -> tuple[Estimate, Estimate]:
        return self.baseline, self.candidate


@dataclass(frozen=True, slots=True)
class LabelsPage:
    tables: Sequence[ConfusionTable]
    figures: Sequence[LabelFigure]
    items: int


def labels_page(
    golds: Sequence[int],
    baseline: Sequence[int],
    candidate: Sequence[int],
    *,
    labels: Sequence[str],
    arms: tuple[str, str],
    clusters: Numbers | None = None,
) -> LabelsPage:
    """Everything on two arms' labels.

    Args:
        golds, baseline, candidate: (n,) numbers of labels; `len(labels)` is an answer that is none.
        clusters: (n,) numbers of the sources that items share.
    """
    gold = np.asarray(golds, dtype=np.intp)
    answers = [np.asarray(each, dtype=np.intp) for each in (baseline, candidate)]
    asked: list[tuple[str, int | None]] = [
        (score, None) for score in ("accuracy", "balanced_accuracy", "macro_f1", "micro_f1")
    ]
    asked += [(score, k) for score in ("precision", "recall") for k in range(len(labels))]
    return LabelsPage(
        tables=[
            _table(confusion(gold, of_arm, len(labels)), arm, labels)
            for arm, of_arm in zip(arms, answers, strict=True)
        ],
        figures=[_figure(score, k, gold, answers, labels, clusters) for score, k in asked],
        items=gold.size,
    )


def _table(table: NDArray[np.float64], arm: str, labels: Sequence[str]) -> ConfusionTable:
    rows = []
    for k, (label, counts) in enumerate(zip(labels, table, strict=True)):
        items = int(counts.sum())
        cells = [
            ConfusionCell(int(count), float(count) / items if items else 0.0, column == k)
            for column, count in enumerate(counts)
        ]
        rows.append(ConfusionRow(label, items, cells))
    return ConfusionTable(arm, labels, rows, int(table[:, -1].sum()))


def _figure(
    score: str,
    label: int | None,
    gold: Numbers,
    answers: Sequence[Numbers],
    labels: Sequence[str],
    clusters: Numbers | None,
) -> LabelFigure:
    size = len(labels)
    before, after = (
        arm_interval(score, gold, of_arm, size, label=label, clusters=clusters)
        for of_arm in answers
    )
    value = None if before.value is None or after.value is None else after.value - before.value
    difference, unscored = Estimate(value), ""
    try:
        ours, theirs = (
            classification_score(score, gold, of_arm, size, label) for of_arm in answers
        )
    except StatisticsError as error:
        unscored = str(error)
    else:
        found = compare(ours.scores, theirs.scores, clusters=clusters)
        difference = Estimate(found.difference, found.lower, found.upper)
    return LabelFigure(
        label="all" if label is None else labels[label],
        score=score.replace("_", " ").replace("f1", "F1"),
        baseline=before,
        candidate=after,
        difference=difference,
        unscored=unscored,
    )

"""A learning curve from files of scores alone, one file an arm. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evalhub.decision.align import clusters_of
from evalhub.declare.data_curve import DataCurves
from evalhub.features.data.curve.document import curve_document
from evalhub.io.numbers import finite_number
from evalhub.io.rows import DataError, item_id, read_rows, wrong
from evalhub.io.rows import field as field_of
from evalhub.stats.learning_curve import FEWEST_ITEMS, learning_curve

SCORE = "score"


@dataclass(frozen=True, slots=True)
class ScoredArm:
    """A file with the scores of an arm: rows with `id` and `score`, and `cluster` where items
    share a source."""

    path: Path
    examples: int


@dataclass(slots=True)
class _ItemScores:
    scores: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    clusters: dict[str, str] = field(default_factory=dict)


def curve_of_files(
    arms: Sequence[ScoredArm], *, worth: float, higher_is_better: bool = True
) -> DataCurves:
    """The curve of the items that all files score. Several scores of an item are averaged.

    Raises DataError: a file that can't be read, a row without an id or a number as its score, no
    two items that all files have.
    StatisticsError: fewer than two different numbers of examples.
    """
    read = [_read(arm.path) for arm in arms]
    everything = dict.fromkeys(item for arm in read for item in arm.scores)
    items = [item for item in everything if all(item in arm.scores for arm in read)]
    if len(items) < FEWEST_ITEMS:
        names = ", ".join(arm.path.name for arm in arms)
        raise DataError(
            f"has {len(items)} of the items that all files have ({names}): the same items are "
            f"scored in every file, {FEWEST_ITEMS} or more",
            file=str(arms[0].path),
        )
    table = [[float(np.mean(arm.scores[item])) for arm in read] for item in items]
    clusters = {item: cluster for arm in read for item, cluster in arm.clusters.items()}
    curve = learning_curve(
        [arm.examples for arm in arms],
        table,
        worth=worth,
        rises=higher_is_better,
        clusters=clusters_of([clusters.get(item, "") for item in items]),
    )
    document = curve_document(
        curve,
        [(arm.path.name, arm.examples) for arm in arms],
        test_set="",
        metric=SCORE,
        higher_is_better=higher_is_better,
        left_out=len(everything) - len(items),
    )
    return DataCurves(curves=(document,))


def _read(path: Path) -> _ItemScores:
    items = _ItemScores()
    for row in read_rows(path):
        key = item_id(row)
        try:
            score = finite_number(field_of(row, SCORE))
        except ValueError as error:
            raise wrong(row, SCORE, str(error)) from error
        items.scores[key].append(score)
        if cluster := row.values.get("cluster"):
            items.clusters[key] = str(cluster)
    return items

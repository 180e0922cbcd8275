"""What two runs' answers add to a score of all answers together, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.ledger.differences import ComparedRuns
from evalhub.ledger.scores import READ_AT_A_TIME
from evalhub.registry.models import Score


@dataclass(frozen=True, slots=True)
class PairedParts:
    """The parts of answers that both runs gave, in the order of items and samples.

    `clusters` number the sources that items share, or the items where one has several answers; None
    where every answer stands alone.
    """

    baseline: Sequence[Sequence[Any]]
    candidate: Sequence[Sequence[Any]]
    clusters: NDArray[np.intp] | None


def paired_parts(runs: ComparedRuns) -> PairedParts:
    """The parts by the runs' metric. Two queries, kept in memory until a run has finished anew."""
    read = _read if runs.baseline.finished and runs.candidate.finished else _read.__wrapped__
    return read(
        runs.baseline.pk,
        runs.candidate.pk,
        runs.metric.pk,
        finished=(runs.baseline.finished, runs.candidate.finished),
    )


@lru_cache(maxsize=4)
def _read(
    baseline: int,
    candidate: int,
    metric: int,
    *,
    finished: tuple[datetime | None, datetime | None],
) -> PairedParts:
    before, after = (_parts_of(run, metric) for run in (baseline, candidate))
    both = [key for key in before if key in after]
    sources = [before[key][1] or f"item {key[0]}" for key in both]
    _, clusters = np.unique(np.array(sources, dtype=object).astype(str), return_inverse=True)
    alone = len(set(sources)) == len(sources)
    return PairedParts(
        baseline=[before[key][0] for key in both],
        candidate=[after[key][0] for key in both],
        clusters=None if alone else clusters.astype(np.intp),
    )


def _parts_of(run: int, metric: int) -> dict[tuple[int, int], tuple[Sequence[Any], str]]:
    """By item and sample, the parts and the item's cluster."""
    rows = Score.objects.filter(output__run=run, metric=metric, parts__isnull=False)
    columns = ("output__item_id", "output__sample", "parts", "output__item__cluster")
    ordered = rows.order_by("output__item_id", "output__sample").values_list(*columns)
    return {
        (item, sample): (parts, cluster)
        for item, sample, parts, cluster in ordered.iterator(chunk_size=READ_AT_A_TIME)
    }

"""What two runs' answers add to a score of all answers together, side by side."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from evalhub.decision.contributions import PairedParts, pair_parts
from evalhub.ledger.differences import ComparedRuns
from evalhub.ledger.scores import READ_AT_A_TIME
from evalhub.registry.models import Score


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
    return pair_parts(before, after)


def _parts_of(run: int, metric: int) -> dict[tuple[int, int], tuple[Sequence[Any], str]]:
    """By item and sample, the parts and the item's cluster."""
    rows = Score.objects.filter(output__run=run, metric=metric, parts__isnull=False)
    columns = ("output__item_id", "output__sample", "parts", "output__item__cluster")
    ordered = rows.order_by("output__item_id", "output__sample").values_list(*columns)
    return {
        (item, sample): (parts, cluster)
        for item, sample, parts, cluster in ordered.iterator(chunk_size=READ_AT_A_TIME)
    }

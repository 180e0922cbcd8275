"""Two runs of one test set version item by item, read from their scores at request time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from django.db.models import Avg, Count, Q, QuerySet
from numpy.typing import NDArray

from evalhub.registry.models import Item, Metric, Run, RunMetric, Score, Study
from evalhub.schemas.sections import EvidenceRow
from evalhub.verdict.outcomes import Outcome
from runners.metrics import declared_metric


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """What a decision compared on one test set."""

    baseline: Run
    candidate: Run
    metric: Metric
    turned: bool = False

    @property
    def sign(self) -> int:
        """1 where a higher value is better, else -1."""
        rises = declared_metric(self.metric.name, **self.metric.options).rises
        return 1 if rises != self.turned else -1


@dataclass(frozen=True, slots=True)
class ItemDifference:
    """One item's two scores, means over its samples; `difference` is positive where the candidate
    is better. None where a score is missing."""

    item_id: int
    baseline: float | None
    candidate: float | None
    difference: float | None


def compared_runs(study: Study, evidence: Sequence[EvidenceRow]) -> dict[str, ComparedRuns]:
    """By test set, the runs that a decision's evidence names, whose scores may be read.

    Three queries.
    """
    asked = {each.name: each for each in study.test_sets.select_related("metric")}
    named = [
        (each.test_set, each.baseline_run, each.candidate_run)
        for each in evidence
        if each.baseline_run is not None and each.candidate_run is not None
    ]
    runs = Run.objects.select_related("test_set_version").in_bulk(
        {run for _, *both in named for run in both}
    )
    of_runs = RunMetric.objects.readable().filter(run__in=runs)
    readable = set(of_runs.values_list("run", "metric"))
    return {
        name: ComparedRuns(runs[baseline], runs[candidate], asked[name].metric, asked[name].turned)
        for name, baseline, candidate in named
        if name in asked
        and {(run, asked[name].metric_id) for run in (baseline, candidate)} <= readable
    }


def items_by_outcome(runs: ComparedRuns) -> dict[Outcome, NDArray[np.int64]]:
    """Ids of the test set's items by outcome: the worst losses and the best gains first.

    Two queries over all items, kept in memory until either run has finished anew.
    """
    read = _read if runs.baseline.finished and runs.candidate.finished else _read.__wrapped__
    return read(
        runs.baseline.pk,
        runs.candidate.pk,
        runs.metric.pk,
        sign=runs.sign,
        version=runs.baseline.test_set_version_id,
        finished=(runs.baseline.finished, runs.candidate.finished),
    )


@lru_cache(maxsize=8)
def _read(
    baseline: int,
    candidate: int,
    metric: int,
    *,
    sign: int,
    version: int,
    finished: tuple[datetime | None, datetime | None],
) -> dict[Outcome, NDArray[np.int64]]:
    rows = (
        _scores((baseline, candidate), metric)
        .values("output__item")
        .annotate(
            baseline=Avg("value", filter=Q(output__run=baseline)),
            candidate=Avg("value", filter=Q(output__run=candidate)),
            gaps=Count("pk", filter=Q(value=None)),
        )
        .filter(gaps=0, baseline__isnull=False, candidate__isnull=False)
        .values_list("output__item", "baseline", "candidate")
    )
    table = np.array(list(rows), dtype=float).reshape(-1, 3)
    difference = sign * (table[:, 2] - table[:, 1])
    order = np.lexsort((table[:, 0], difference))
    items, before, difference = table[order, 0].astype(np.int64), table[order, 1], difference[order]
    won = np.lexsort((items, -difference))
    same = difference == 0
    everything = Item.objects.filter(version=version).order_by("pk").values_list("pk", flat=True)
    return {
        Outcome.LOST: items[difference < 0],
        Outcome.WON: items[won][difference[won] > 0],
        Outcome.BOTH_RIGHT: items[same & (before == 1)],
        Outcome.BOTH_WRONG: items[same & (before == 0)],
        Outcome.SAME: items[same & (before != 1) & (before != 0)],
        Outcome.UNPAIRED: np.setdiff1d(np.array(list(everything), dtype=np.int64), items),
    }


def _scores(runs: tuple[int, int], metric: int) -> "QuerySet[Score]":
    return Score.objects.filter(output__run__in=runs, metric=metric).order_by()


def differences_of(runs: ComparedRuns, items: Sequence[int]) -> list[ItemDifference]:
    """The scores of these items, in their order. One query."""
    rows = (
        _scores((runs.baseline.pk, runs.candidate.pk), runs.metric.pk)
        .filter(output__item__in=items)
        .values("output__run", "output__item")
        .annotate(mean=Avg("value"), gaps=Count("pk", filter=Q(value=None)))
        .filter(gaps=0)
    )
    means = {(row["output__run"], row["output__item"]): row["mean"] for row in rows}
    found = []
    for item in items:
        before, after = (means.get((run.pk, item)) for run in (runs.baseline, runs.candidate))
        difference = None if before is None or after is None else runs.sign * (after - before)
        found.append(ItemDifference(item, before, after, difference))
    return found

"""Two runs of one test set version item by item, read from their scores at request time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import batched, groupby
from operator import itemgetter

import numpy as np
from django.db.models import Avg, Count, Q
from numpy.typing import NDArray

from evalhub.decision.contributions import NOTHING
from evalhub.decision.outcomes import Outcome
from evalhub.declare.decision import EvidenceRow
from evalhub.ledger.scores import READ_AT_A_TIME, contributions
from evalhub.registry.models import Item, Metric, Run, RunMetric, Score, Study
from runners.metrics import metric_declaration


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
        rises = metric_declaration(self.metric.name, **self.metric.options).rises
        return 1 if rises != self.turned else -1

    @property
    def scored_together(self) -> bool:
        return metric_declaration(self.metric.name, **self.metric.options).scored_together

    @property
    def right(self) -> float | None:
        """Score of a fully right answer; None where no number is."""
        return right_of(self.metric, turned=self.turned)


def right_of(metric: Metric, *, turned: bool = False) -> float | None:
    """Score of a fully right answer, or None; `turned`: the direction is the reverse of the
    metric's."""
    right = metric_declaration(metric.name, **metric.options).right
    return right if right is None or not turned else 1.0 - right


@dataclass(frozen=True, slots=True)
class ItemDifference:
    """One item's two scores, means over its samples; `difference` is positive where the candidate
    is better, and 0 where the answers add the same to a score of all answers together. None where a
    score is missing."""

    item_id: int
    baseline: float | None
    candidate: float | None
    difference: float | None


def runs_of_evidence(study: Study, evidence: Sequence[EvidenceRow]) -> dict[str, ComparedRuns]:
    """By test set, the two runs of a decision's evidence whose scores may be read.

    Three queries.
    """
    run_ids = {
        row.test_set: (row.baseline_run, row.candidate_run)
        for row in evidence
        if row.baseline_run is not None and row.candidate_run is not None
    }
    return readable_pairs(study, run_ids)


def readable_pairs(study: Study, run_ids: Mapping[str, tuple[int, int]]) -> dict[str, ComparedRuns]:
    """By test set, those of the pairs (baseline, candidate) whose scores by its metric may be read.
    Three queries."""
    test_sets = {each.name: each for each in study.test_sets.select_related("metric")}
    runs = Run.objects.select_related("test_set_version").in_bulk(
        {run for both in run_ids.values() for run in both}
    )
    of_runs = RunMetric.objects.readable().filter(run__in=runs)
    readable = set(of_runs.values_list("run", "metric"))
    return {
        name: ComparedRuns(
            runs[baseline], runs[candidate], test_sets[name].metric, test_sets[name].turned
        )
        for name, (baseline, candidate) in run_ids.items()
        if name in test_sets
        and {(run, test_sets[name].metric_id) for run in (baseline, candidate)} <= readable
    }


@dataclass(frozen=True, slots=True)
class ComparedItems:
    """A test set's items between two runs.

    Attributes:
        by_outcome: ids of items, the worst losses and the best gains first.
        baseline, candidate: scores of the items of which both have one, aligned.
    """

    by_outcome: dict[Outcome, NDArray[np.int64]]
    baseline: NDArray[np.float64]
    candidate: NDArray[np.float64]

    @property
    def whole(self) -> bool:
        """Whether every score is 0 or 1."""
        scores = (self.baseline, self.candidate)
        return all(bool(np.all((each == 0) | (each == 1))) for each in scores)


def items_by_outcome(runs: ComparedRuns) -> dict[Outcome, NDArray[np.int64]]:
    """Ids of the test set's items by outcome, as `compare_items` has them."""
    return compare_items(runs).by_outcome


def compare_items(runs: ComparedRuns) -> ComparedItems:
    """Compare two runs on every item of the test set.

    Three queries over all items, and two more where the metric scores all answers together, kept
    in memory until either run has finished anew.
    """
    read = _read if runs.baseline.finished and runs.candidate.finished else _read.__wrapped__
    return read(
        runs.baseline.pk,
        runs.candidate.pk,
        runs.metric.pk,
        sign=runs.sign,
        right=runs.right,
        version=runs.baseline.test_set_version_id,
        joint=runs.scored_together,
        finished=(runs.baseline.finished, runs.candidate.finished),
    )


@lru_cache(maxsize=8)
def _read(
    baseline: int,
    candidate: int,
    metric: int,
    *,
    sign: int,
    right: float | None,
    version: int,
    joint: bool,
    finished: tuple[datetime | None, datetime | None],
) -> ComparedItems:
    answered, ours = mean_scores(baseline, metric)
    judged, theirs = mean_scores(candidate, metric)
    paired, at, beside = np.intersect1d(answered, judged, assume_unique=True, return_indices=True)
    difference = sign * (theirs[beside] - ours[at])
    if joint:
        difference[np.isin(paired, list(_unchanged(baseline, candidate, metric)))] = 0.0
    order = np.lexsort((paired, difference))
    items, before, difference = paired[order], ours[at][order], difference[order]
    won = np.lexsort((items, -difference))
    same = difference == 0
    both_right, both_wrong = (
        same & (before == value) if right is not None else np.zeros_like(same)
        for value in (right, 1.0 - (right or 0.0))
    )
    everything = Item.objects.filter(version=version).order_by("pk").values_list("pk", flat=True)
    by_outcome = {
        Outcome.LOST: items[difference < 0],
        Outcome.WON: items[won][difference[won] > 0],
        Outcome.BOTH_RIGHT: items[both_right],
        Outcome.BOTH_WRONG: items[both_wrong],
        Outcome.SAME: items[same & ~both_right & ~both_wrong],
        Outcome.UNPAIRED: np.setdiff1d(np.array(list(everything), dtype=np.int64), items),
    }
    return ComparedItems(by_outcome, before, theirs[beside][order])


def mean_scores(run: int, metric: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids of a run's fully scored items, in ascending order, and their mean scores. One query."""
    scores = Score.objects.filter(output__run=run, metric=metric)
    rows = scores.order_by("output__item_id", "output__sample").values_list(
        "output__item_id", "value"
    )
    read = batched(rows.iterator(chunk_size=READ_AT_A_TIME), READ_AT_A_TIME)
    table = np.concatenate([np.empty((0, 2)), *(np.array(part, dtype=float) for part in read)])
    items, starts, counts = np.unique(table[:, 0], return_index=True, return_counts=True)
    means = np.add.reduceat(table[:, 1], starts) / counts if items.size else np.empty(0)
    whole = ~np.isnan(means)
    return items[whole].astype(np.int64), means[whole]


def contributions_by_item(
    run: int, metric: int, among: Sequence[int] | None = None
) -> dict[int, tuple[int, ...]]:
    """The numbers of what each item's answers add to a score of all answers together, in ascending
    order, of items whose answers all have one; `among` these items or all. One query."""
    scores = Score.objects.filter(output__run=run, metric=metric)
    if among is not None:
        scores = scores.filter(output__item__in=among)
    numbered = {
        item: tuple(sorted(number for _, number in rows))
        for item, rows in groupby(contributions(scores), key=itemgetter(0))
    }
    return {item: numbers for item, numbers in numbered.items() if NOTHING not in numbers}


def _unchanged(
    baseline: int, candidate: int, metric: int, among: Sequence[int] | None = None
) -> set[int]:
    """Ids of the items whose answers add the same in both runs. Two queries."""
    before, after = (contributions_by_item(run, metric, among) for run in (baseline, candidate))
    return {item for item, numbers in before.items() if numbers == after.get(item)}


def differences_of(runs: ComparedRuns, items: Sequence[int]) -> list[ItemDifference]:
    """The scores of these items, in their order. One query, and two more of a score of all answers
    together."""
    unchanged: set[int] = set()
    if runs.scored_together:
        unchanged = _unchanged(runs.baseline.pk, runs.candidate.pk, runs.metric.pk, items)
    rows = (
        Score.objects.filter(
            output__run__in=[runs.baseline.pk, runs.candidate.pk],
            output__item__in=items,
            metric=runs.metric,
        )
        .order_by()
        .values("output__run", "output__item")
        .annotate(mean=Avg("value"), gaps=Count("pk", filter=Q(value=None)))
        .filter(gaps=0)
    )
    means = {(row["output__run"], row["output__item"]): row["mean"] for row in rows}
    differences = []
    for item in items:
        before, after = (means.get((run.pk, item)) for run in (runs.baseline, runs.candidate))
        difference = None if before is None or after is None else runs.sign * (after - before)
        if item in unchanged and difference is not None:
            difference = 0.0
        differences.append(ItemDifference(item, before, after, difference))
    return differences

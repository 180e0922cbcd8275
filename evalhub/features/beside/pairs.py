"""Two runs on the same items, by whatever names, and what may be read of their scores.

Nobody peeks: a metric's scores are compared where decisions have opened them in both runs, or where
both answered a development set. Else there are answers, counts and errors, and what a decision
would cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Avg, Count, Q

from evalhub.decision.outcomes import Outcome, outcome
from evalhub.ledger.differences import contributions_by_item, right_of
from evalhub.registry.models import Item, Metric, Run, RunMetric, Score
from evalhub.stats.errors import StatisticsError
from evalhub.stats.paired import PairedComparison, compare
from runners.metrics import metric_declaration


class PairedItem(NamedTuple):
    """One item as both runs have it: its id in either's test set version."""

    left: int
    right: int
    cluster: str
    weight: float | None


@dataclass(frozen=True, slots=True)
class RunPair:
    """Two runs and the items that both were asked, in the left one's order."""

    left: Run
    right: Run
    items: Sequence[PairedItem]

    @property
    def left_alone(self) -> int:
        """Items that the left run alone was asked."""
        return self.left.test_set_version.item_count - len(self.items)

    @property
    def same_version(self) -> bool:
        return self.left.test_set_version_id == self.right.test_set_version_id


@dataclass(frozen=True, slots=True)
class SharedMetric:
    """A metric by which both runs are scored, with what either run shows of it."""

    metric: Metric
    left: RunMetric
    right: RunMetric

    @property
    def open(self) -> bool:
        """Whether both runs' scores may be read."""
        return self.left.opened is not None and self.right.opened is not None


@dataclass(frozen=True, slots=True)
class MeasuredPair:
    """Both runs' scores by one metric that is open in both.

    Attributes:
        comparison: right − left with its 95% interval; None without an item that both have a
            score of.
        by_outcome: positions in `RunPair.items`, the worst losses and the best gains first; lost
            is what the right run has worse.
        values: by position, both means over the samples; None where a score is missing.
    """

    metric: Metric
    comparison: PairedComparison | None
    by_outcome: Mapping[Outcome, Sequence[int]]
    values: Sequence[tuple[float | None, float | None]]


def pair_runs(left: Run, right: Run) -> RunPair:
    """Pair both runs' items by what they ask, whatever their ids. Two queries, one on one version.

    Of items that ask the same within one version the first counts.
    """
    columns = "pk", "fingerprint_in_context", "cluster", "weight"
    of_left = Item.objects.filter(version=left.test_set_version_id).order_by("position")
    rows = list(of_left.values_list(*columns))
    if left.test_set_version_id == right.test_set_version_id:
        return RunPair(left, right, [PairedItem(pk, pk, c, w) for pk, _, c, w in rows])
    of_right = Item.objects.filter(version=right.test_set_version_id).order_by("-position")
    ids = dict(of_right.values_list("fingerprint_in_context", "pk"))
    first = {asked: (pk, c, w) for pk, asked, c, w in reversed(rows)}
    return RunPair(
        left,
        right,
        [
            PairedItem(pk, ids[asked], c, w)
            for pk, asked, c, w in rows
            if asked in ids and first[asked][0] == pk
        ],
    )


def shared_metrics(pair: RunPair) -> list[SharedMetric]:
    """The metrics of both runs, the open ones first. One query."""
    rows = RunMetric.objects.filter(run__in=[pair.left.pk, pair.right.pk]).select_related("metric")
    by_run = {(row.run_id, row.metric_id): row for row in rows.order_by("metric__name", "metric")}
    both = [
        SharedMetric(row.metric, row, by_run[pair.right.pk, metric])
        for (run, metric), row in by_run.items()
        if run == pair.left.pk and (pair.right.pk, metric) in by_run
    ]
    return sorted(both, key=lambda shared: not shared.open)


def measure_pair(pair: RunPair, shared: SharedMetric) -> MeasuredPair:
    """Compare both runs by a metric that is open in both. Two queries, and two more where
    the metric scores all answers together.

    Raises:
        ValueError: the scores of one of them are sealed.
    """
    if not shared.open:
        raise ValueError(f"{shared.metric} is sealed")
    before, after = (_means(run, shared.metric) for run in (pair.left, pair.right))
    values = [(before.get(item.left), after.get(item.right)) for item in pair.items]
    declared = metric_declaration(shared.metric.name, **shared.metric.options)
    sign, right = 1 if declared.rises else -1, right_of(shared.metric)
    unchanged = _unchanged(pair, shared.metric) if declared.scored_together else set[int]()
    by_outcome: dict[Outcome, list[tuple[float, int]]] = {each: [] for each in Outcome}
    for position, (ours, theirs) in enumerate(values):
        moved = None if ours is None or theirs is None else sign * (theirs - ours)
        if moved is not None and position in unchanged:
            moved = 0.0
        by_outcome[outcome(ours, theirs, moved, right)].append((-abs(moved or 0.0), position))
    return MeasuredPair(
        shared.metric,
        _compare(pair.items, values, declared.reach, alike=declared.linearised),
        {name: [position for _, position in sorted(rows)] for name, rows in by_outcome.items()},
        values,
    )


def _unchanged(pair: RunPair, metric: Metric) -> set[int]:
    """Positions of the items whose answers add the same in both runs to a score of all answers
    together. Two queries."""
    before, after = (contributions_by_item(run.pk, metric.pk) for run in (pair.left, pair.right))
    return {
        position
        for position, item in enumerate(pair.items)
        if item.left in before and before[item.left] == after.get(item.right)
    }


def _means(run: Run, metric: Metric) -> dict[int, float]:
    """By item, the mean over its samples where every one has a score."""
    scores = Score.objects.filter(output__run=run, metric=metric).order_by()
    rows = scores.values_list("output__item").annotate(
        mean=Avg("value"), gaps=Count("pk", filter=Q(value=None))
    )
    return {item: mean for item, mean, gaps in rows if not gaps}


def _compare(
    items: Sequence[PairedItem],
    values: Sequence[tuple[float | None, float | None]],
    reach: tuple[float, float] | None,
    *,
    alike: bool,
) -> PairedComparison | None:
    """`alike`: by a score of all answers together, whose values no weighted mean makes a score."""
    rows = [
        (ours, theirs, item)
        for (ours, theirs), item in zip(values, items, strict=True)
        if ours is not None and theirs is not None
    ]
    clustered = any(item.cluster for *_, item in rows)
    weighted = not alike and any(item.weight for *_, item in rows)
    try:
        return compare(
            [ours for ours, *_ in rows],
            [theirs for _, theirs, _ in rows],
            clusters=[item.cluster or f"\0{item.left}" for *_, item in rows] if clustered else None,
            weights=[item.weight or 1.0 for *_, item in rows] if weighted else None,
            bounds=reach,
        )
    except StatisticsError:
        return None

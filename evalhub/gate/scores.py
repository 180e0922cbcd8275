"""Scores out of the database, aligned by item, and what makes them unfit for a verdict."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from evalhub.registry.models import (
    Item,
    Metric,
    Output,
    Run,
    RunMetric,
    Score,
    StudyTestSet,
    TestSetVersion,
)
from evalhub.registry.models.runs import RunState
from evalhub.schemas.policy import Demand, PolicyCriterion
from evalhub.stats.errors import StatisticsError
from evalhub.verdict.align import Aligned, clusters_of
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.mix import item_weights
from runners.metrics import METRICS


@dataclass(frozen=True, slots=True)
class ItemLabel:
    """What the gate needs to know of an item beside its scores."""

    id: int
    key: str
    cluster: str
    tags: list[str]


@dataclass(frozen=True, slots=True)
class RunScores:
    """One run's scores by one metric: rows by item id, what is missing, and their digest."""

    run: Run
    values: dict[int, tuple[float, ...]]
    unanswered: int
    unscored: int
    extraction_misses: int
    reason: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs of one test set version side by side.

    `earlier` are the runs of the first look whose rows stand before the new items', where the test
    set was added to.
    """

    requirement: Requirement
    metric: Metric
    baseline: RunScores
    candidate: RunScores
    aligned: Aligned
    items: list[ItemLabel]
    invalid: list[str] = field(default_factory=list)
    earlier: tuple[Run, Run] | None = None

    @property
    def same(self) -> bool:
        return self.baseline.run.pk == self.candidate.run.pk


def item_labels(version: TestSetVersion) -> list[ItemLabel]:
    """A version's items in order. Few lists of tags are distinct: each is read from JSON once."""
    rows = Item.objects.filter(version=version).values_list(
        "id", "key", "cluster", Cast("tags", TextField())
    )
    known: dict[str, list[str]] = {}
    labels = []
    for item, key, cluster, text in rows:
        if text not in known:
            known[text] = json.loads(text)
        labels.append(ItemLabel(item, key, cluster, known[text]))
    return labels


def run_scores(run: Run, metric: Metric) -> RunScores:
    """All scores of a run by one metric. An item counts when all its samples are scored."""
    values: dict[int, tuple[float, ...]] = {}
    gaps: set[int] = set()
    unscored = 0
    scores = Score.objects.filter(output__run=run, metric=metric)
    rows = scores.order_by("output__item_id", "output__sample").values_list(
        "output__item_id", "value"
    )
    for item, value in rows.iterator(chunk_size=5000):
        if value is None:
            unscored += 1
            gaps.add(item)
        else:
            values[item] = (*values.get(item, ()), value)
    for item in gaps:
        values.pop(item, None)
    reason = ""
    if unscored:
        first = scores.filter(value=None).order_by("output__item__position", "output__sample")
        reason = first.values_list("reason", flat=True)[0]
    aggregate = RunMetric.objects.filter(run=run, metric=metric).first()
    return RunScores(
        run,
        values,
        unanswered=run.test_set_version.item_count - len(values) - len(gaps),
        unscored=unscored,
        extraction_misses=(aggregate.extraction_misses or 0) if aggregate else 0,
        reason=reason,
        digest=aggregate.scores_digest if aggregate else "",
    )


def pair(
    requirement: Requirement,
    metric: Metric,
    items: Sequence[ItemLabel],
    baseline: RunScores,
    candidate: RunScores,
    arms: tuple[str, str],
    *,
    mix: Mapping[str, float] | None = None,
) -> Pairing:
    """Aligns two runs by item, and says in `invalid` what keeps them from being compared.

    `items` are those of the baseline's test set version that are judged on, in order. `mix` is
    each tag's share in production, to which the items are weighted.
    """
    both = [each for each in items if each.id in baseline.values and each.id in candidate.values]
    ids = [each.id for each in both]
    tags = [each.tags for each in both]
    weights, unweighed = None, []
    try:
        weights = item_weights(tags, mix) if mix else None
    except StatisticsError as error:
        unweighed = [f"{requirement.test_set} can't be weighted to its mix: {error}"]
    aligned = Aligned(
        requirement,
        _matrix(baseline.values, ids),
        _matrix(candidate.values, ids),
        clusters_of([each.cluster for each in both]),
        tags,
        same=baseline.run.pk == candidate.run.pk,
        weights=weights,
        mix=None if weights is None else mix,
    )
    invalid = unweighed + [
        flaw
        for scores, arm in zip((baseline, candidate), arms, strict=True)
        for flaw in flaws(scores, arm, requirement.test_set)
    ]
    versions = [each.run.test_set_version for each in (baseline, candidate)]
    if versions[0] != versions[1]:
        invalid.insert(
            0,
            f"{arms[0]} answered {versions[0]} and {arms[1]} {versions[1]}: "
            "both arms must answer the same items",
        )
    return Pairing(requirement, metric, baseline, candidate, aligned, both, invalid)


def flaws(scores: RunScores, arm: str, test_set: str) -> list[str]:
    """What keeps an arm's scores of a test set from being evidence, in sentences."""
    if scores.run.state == RunState.FAILED:
        return [f"{arm} on {test_set}: {line}" for line in scores.run.error.splitlines()]
    if scores.unanswered > 0:
        total = scores.run.test_set_version.item_count
        return [
            f"{arm} has no answer to {scores.unanswered} of {total} items of {test_set}: "
            "both arms must answer the same items"
        ]
    samples = scores.run.samples
    if min(map(len, scores.values.values()), default=samples) < samples:
        short = sum(len(values) < samples for values in scores.values.values())
        return [
            f"{arm} has fewer than {samples} answers to {short} items of {test_set}: "
            "sample every item equally often"
        ]
    if scores.unscored:
        return [f"{arm}: {scores.unscored} answers of {test_set} have no score: {scores.reason}"]
    return []


def _matrix(values: dict[int, tuple[float, ...]], ids: list[int]) -> NDArray[np.float64]:
    """Scores of shape (n, samples); (n,) for one sample, or for means of unequally many."""
    rows = [values[each] for each in ids]
    samples = set(map(len, rows))
    if samples == {1}:
        return np.fromiter(chain.from_iterable(rows), dtype=float, count=len(rows))
    if len(samples) == 1:
        return np.array(rows, dtype=float)
    return np.array([sum(row) / len(row) for row in rows], dtype=float)


def answers_differ(baseline: Run, candidate: Run) -> bool:
    """Whether any answer of the candidate's run has another text than the baseline's."""
    same_text = Output.objects.filter(
        run=baseline, item=OuterRef("item"), sample=OuterRef("sample"), text=OuterRef("text")
    )
    return (
        Output.objects.filter(run=candidate)
        .filter(Q(text__isnull=True) | ~Exists(same_text))
        .exists()
    )


def differing(first: Run, second: Run) -> dict[int, float]:
    """By item, the share of the second run's answers whose text isn't the first's."""
    same_text = Output.objects.filter(
        run=first, item=OuterRef("item"), sample=OuterRef("sample"), text=OuterRef("text")
    )
    rows = (
        Output.objects.filter(run=second)
        .annotate(same=Exists(same_text))
        .order_by()
        .values_list("item_id", "same")
    )
    counts: dict[int, tuple[int, int]] = {}
    for item, same in rows.iterator(chunk_size=5000):
        different, of = counts.get(item, (0, 0))
        counts[item] = different + (not same), of + 1
    return {item: different / of for item, (different, of) in counts.items()}


def criterion_of(asked: StudyTestSet) -> PolicyCriterion:
    """What the study asks on a test set, as a policy says it."""
    return PolicyCriterion.of_columns(
        {name: getattr(asked, name) for name in Demand.model_fields}
        | {
            "test_set": asked.name,
            "metric": asked.metric.name,
            "higher_is_better": METRICS[asked.metric.name].higher_is_better,
        }
    )

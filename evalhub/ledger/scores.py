"""Read scores from the database into the form of `evalhub.decision.align`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.functions import Cast

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import ArmScores, Array, ItemLabel, Rows
from evalhub.decision.contributions import NOTHING, contribution_number
from evalhub.decision.failures import LOST_PAIR
from evalhub.decision.requirements import Requirement, requirement_of
from evalhub.decision.sections.repeated import with_repeats_joined
from evalhub.declare.policy import Demand, PolicyCriterion
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
from evalhub.registry.repeated import repeated_questions
from runners.metrics import metric_declaration
from runners.outcome import only_answers_failed

READ_AT_A_TIME = 5000


@dataclass(frozen=True, slots=True)
class RunScores:
    """One run's scores by one metric, and the digest that identifies them in decisions."""

    run: Run
    arm: ArmScores
    digest: str

    def with_names(self, name: str, test_set: str) -> ArmScores:
        """The scores under a study arm's own names."""
        failures = [f"{name} on {test_set}: {line}" for line in self.arm.failures]
        return replace(self.arm, name=name, failures=failures)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs of one test set version side by side.

    `earlier` are both arms' runs of the looks whose rows stand before the new items', where the
    test set was added to.
    """

    metric: Metric
    baseline: RunScores
    candidate: RunScores
    aligned: Aligned
    earlier: tuple[tuple[Run, Run], ...] = ()


def item_labels(version: TestSetVersion) -> list[ItemLabel]:
    """A version's items in order, those of the same text in one cluster. Few lists of tags are
    distinct: each is read from JSON once. An item's fingerprint is its own text's where those tell
    the items apart, else its text's in its context."""
    rows = Item.objects.filter(version=version).order_by("position")
    prints = "fingerprint_in_context", "fingerprint"
    columns = "id", "key", "cluster", Cast("tags", TextField()), "weight", *prints
    by_input = version.told_apart_by_input
    parsed: dict[str, list[str]] = {}
    labels = []
    wholes = set[int]()
    for item, key, cluster, text, weight, whole, own in rows.values_list(*columns):
        wholes.add(whole)
        if text not in parsed:
            parsed[text] = json.loads(text)
        labels.append(
            ItemLabel(
                key, cluster, parsed[text], weight, item, fingerprint=own if by_input else whole
            )
        )
    if len(wholes) == len(labels):
        return labels
    questions = repeated_questions(version)
    return with_repeats_joined(
        [each._replace(question=questions.get(each.id, "")) for each in labels]
    )


def run_scores(run: Run, metric: Metric, items: Sequence[ItemLabel]) -> RunScores:
    """All scores of a run by one metric, for these items of its test set version."""
    scores = Score.objects.filter(output__run=run, metric=metric)
    rows = scores.order_by("output__item_id", "output__sample").values_list(
        "output__item_id", "value"
    )
    table = np.concatenate([np.empty((0, 2)), *_numbers(rows)])
    ids = np.array([each.id for each in items], dtype=float)
    order = np.argsort(ids)
    indices = order[np.searchsorted(ids, table[:, 0], sorter=order)]
    by_place = np.argsort(indices, kind="stable")
    arm = ArmScores(
        "",
        indices[by_place],
        table[by_place, 1],
        samples=run.samples,
        failures=run.error.splitlines() if run.state == RunState.FAILED else (),
    )
    if arm.unscored:
        arm = replace(arm, reason=_first_reason(scores, table[by_place]))
    if arm.unscored and only_answers_failed(run):
        lost = _which(scores, Q(output__error=LOST_PAIR))[by_place]
        failed = _which(scores, Q(output__text=None))[by_place]
        arm = replace(arm, failed=failed, lost=lost if lost.any() else None)
    if metric_declaration(metric.name, **metric.options).scored_together:
        numbers = [number for _, number in contributions(scores)]
        arm = replace(arm, contributions=np.array(numbers, dtype=np.int64)[by_place])
    aggregate = RunMetric.objects.filter(run=run, metric=metric).first()
    if aggregate is None:
        return RunScores(run, arm, "")
    arm = replace(arm, extraction_misses=aggregate.extraction_misses or 0)
    return RunScores(run, arm, aggregate.scores_digest)


def contributions(scores: QuerySet[Score]) -> Iterator[tuple[int, int]]:
    """Item and number of what each answer adds to a score of all answers together, in order of
    items and samples. One query."""
    rows = scores.order_by("output__item_id", "output__sample").values_list(
        "output__item_id", Cast("parts", TextField())
    )
    for item, parts in rows.iterator(chunk_size=READ_AT_A_TIME):
        yield item, NOTHING if parts is None else contribution_number(parts)


def _numbers(rows: QuerySet[Any, Any]) -> Iterator[Array]:
    """The rows' numbers, as many at a time; NULL is NaN. Without a tuple for each that Django hands
    on, which costs more than the database."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        while part := cursor.fetchmany(READ_AT_A_TIME):
            yield np.array(list(chain.from_iterable(part)), dtype=float).reshape(len(part), -1)


def _first_reason(scores: QuerySet[Score], table: Array) -> str:
    """The first reason in order of items and samples why an answer has no score."""
    item = table[np.isnan(table[:, 1]), 0][0]
    of_item = scores.filter(output__item=int(item)).order_by("output__sample")
    return next(reason for value, reason in of_item.values_list("value", "reason") if value is None)


def _which(scores: QuerySet[Score], condition: Q) -> Rows:
    """Mask of the answers that a condition fits, in order of items and samples."""
    fits = ExpressionWrapper(condition, BooleanField())
    rows = scores.annotate(fits=fits).order_by("output__item_id", "output__sample")
    return np.array(list(rows.values_list("fits", flat=True)), dtype=bool)


def differing(first: Run, second: Run) -> dict[int, float]:
    """By item, the share of the second run's answers whose text differs from the first's."""
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


def requirement_on(test_set: StudyTestSet) -> Requirement:
    """The study's demand on a test set, as a requirement."""
    metric = metric_declaration(test_set.metric.name, **test_set.metric.options)
    return requirement_of(test_set.name, criterion_of(test_set), form=metric.of_form)


def criterion_of(test_set: StudyTestSet) -> PolicyCriterion:
    """The study's demand on a test set, as a policy's criterion."""
    metric = metric_declaration(test_set.metric.name, **test_set.metric.options)
    return PolicyCriterion.of_columns(
        {name: getattr(test_set, name) for name in Demand.model_fields}
        | {
            "test_set": test_set.name,
            "metric": test_set.metric.name,
            "higher_is_better": metric.rises != test_set.turned,
            "bounds": test_set.bounds or metric.reach,
            "unit": metric.unit_of_value,
        }
    )

"""Answers with their scores for the item browser: right, wrong, between, or sealed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from evalhub.ledger.differences import right_of
from evalhub.registry.models import Metric, Output, RunMetric, Score
from evalhub.report.flips import status_of
from evalhub.site.items.scope import ItemScope, ShownArm
from runners.metrics import Answer, Scorer, metric_declaration

type Answers = dict[tuple[int, int], list[Output]]
"""By run and item, in the order of the samples."""
type Scores = dict[int, list[Score]]
"""By output, those that may be read."""


@dataclass(frozen=True, slots=True)
class ShownScore:
    """One metric of one answer. `sealed`: no decision has read it.

    `taken` is what was compared of it, None where it is all of it; `taken_by` why that isn't what
    was meant.
    """

    metric: Metric
    value: float | None = None
    status: str = ""
    reason: str = ""
    taken: str | None = None
    taken_by: str = ""
    sealed: bool = False


def answers_of(scope: ItemScope, items: Sequence[int]) -> Answers:
    """All arms' answers to these items. One query."""
    runs = {arm.run.pk for arm in scope.arms}
    answers: Answers = defaultdict(list)
    for output in Output.objects.filter(run__in=runs, item__in=items).order_by("sample"):
        answers[output.run_id, output.item_id].append(output)
    return answers


def scores_of(scope: ItemScope, answers: Answers) -> Scores:
    """The readable scores of these answers, by all metrics. One query."""
    barred = {arm.run.pk for arm in scope.arms if arm.barred}
    outputs = {each.pk: each.run_id for samples in answers.values() for each in samples}
    rows = Score.objects.readable().filter(output__in=outputs).select_related("metric")
    scores: Scores = defaultdict(list)
    for score in rows.order_by("output", "metric"):
        if score.value is None or outputs[score.output_id] not in barred:
            scores[score.output_id].append(score)
    return scores


def mean_of(metric: Metric, outputs: Iterable[Output], scores: Scores) -> float | None:
    """The mean over an item's samples; None if one of them has no readable score."""
    values = [
        next((s.value for s in scores.get(output.pk, ()) if s.metric_id == metric.pk), None)
        for output in outputs
    ]
    numbers = [each for each in values if each is not None]
    return fmean(numbers) if numbers and len(numbers) == len(values) else None


def metrics_of(scope: ItemScope) -> dict[int, list[RunMetric]]:
    """By run: the metrics that score it. One query."""
    metrics_by_run: dict[int, list[RunMetric]] = defaultdict(list)
    rows = RunMetric.objects.filter(run__in={arm.run.pk for arm in scope.arms})
    for row in rows.select_related("metric").order_by("metric"):
        metrics_by_run[row.run_id].append(row)
    return metrics_by_run


def score_rows(
    arm: ShownArm, output: Output, metrics: Sequence[RunMetric], scores: Sequence[Score]
) -> list[ShownScore]:
    """Every metric of the arm's run on one of its answers, with what each extracted from it."""
    by_metric = {score.metric_id: score for score in scores}
    rows = []
    for run_metric in metrics:
        score = by_metric.get(run_metric.metric_id)
        extracted, by = _extraction(run_metric.metric, output)
        if score is None:
            sealed = run_metric.opened is None or arm.barred
            rows.append(ShownScore(run_metric.metric, taken=extracted, taken_by=by, sealed=sealed))
            continue
        rows.append(
            ShownScore(
                run_metric.metric,
                score.value,
                status_of(score.value, right_of(run_metric.metric)),
                score.reason,
                extracted,
                by,
            )
        )
    return rows


def _extraction(metric: Metric, output: Output) -> tuple[str | None, str]:
    """What the metric extracts from an answer; if that isn't the expected part, the reason."""
    declared = metric_declaration(metric.name, **metric.options)
    if output.text is None or declared.needs_model:
        return None, ""
    answer = Answer(output.text, tool_calls=output.tool_calls)
    part, matched = Scorer(declared).part_compared(answer)
    whole = part == output.text and not matched
    if matched is False:
        missed = "the pattern matched nothing, so the whole answer is scored"
        return None if whole else part, missed
    if part is None:
        return None, "it found nothing in the answer to compare"
    return None if whole else part, ""

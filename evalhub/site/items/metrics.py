"""The metrics that items may be ordered, told apart and shown by: those whose scores are open."""

from collections import Counter
from dataclasses import replace

from evalhub.ledger.differences import ComparedRuns, right_of
from evalhub.site.items.answers import metrics_of
from evalhub.site.items.scope import ItemScope, OpenMetric


def open_metrics(scope: ItemScope) -> list[OpenMetric]:
    """Metrics whose scores may be read of the pair, or of the one run. One query.

    None where evidence is invalid, and none that a decision hasn't opened.
    """
    arms = scope.arms[:2] if scope.compares else scope.arms[:1]
    if not arms or any(arm.barred for arm in arms):
        return []
    by_run = metrics_of(scope)
    opened = [
        {row.metric_id: row.metric for row in by_run[arm.run.pk] if row.opened} for arm in arms
    ]
    shared = [metric for pk, metric in opened[0].items() if all(pk in each for each in opened)]
    names = Counter(metric.name for metric in shared)
    return [
        OpenMetric(
            metric.name if names[metric.name] == 1 else f"{metric.name}-{metric.digest[:6]}", metric
        )
        for metric in sorted(shared, key=lambda metric: (metric.name, metric.pk))
    ]


def by_metric(scope: ItemScope, wanted: str) -> ItemScope:
    """The scope with its open metrics, outcomes and order told by the `wanted` one of them.

    Where that isn't open or is none of the runs', the scope's own stays and `left_out` says so.
    """
    metrics = open_metrics(scope)
    scope = replace(scope, metrics=metrics)
    chosen = next((each.metric for each in metrics if each.name == wanted), None)
    if not wanted:
        return scope
    if chosen is None:
        reason = f"the metric “{wanted}”: no scores by it may be read here."
        return replace(scope, left_out=[reason])
    if chosen == scope.metric:
        return scope
    pair = None
    if scope.compares:
        baseline, candidate = (arm.run for arm in scope.arms[:2])
        pair = ComparedRuns(baseline, candidate, chosen)
    return replace(scope, metric=chosen, pair=pair, right=right_of(chosen))

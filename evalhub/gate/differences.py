"""The item-by-item differences that pages read: built when somebody first looks, kept as rows."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from evalhub.gate.models import Comparison, ItemDifference
from evalhub.gate.scores import run_scores
from evalhub.registry.models import Item, Metric, Run
from evalhub.verdict.outcomes import outcome
from runners.metrics import METRICS

BATCH = 2000


def comparison_of(*, baseline: Run, candidate: Run, metric: Metric) -> Comparison:
    """Two runs of one test set version by one metric, with a row an item.

    It is built when it is first asked for, and again once either run has finished anew. Whoever
    asks while it is being built waits for it and gets the same one.
    """
    kept = Comparison.objects.filter(
        baseline_run=baseline, candidate_run=candidate, metric=metric
    ).first()
    if kept is not None and _is_current(kept, baseline, candidate):
        return kept
    return _build(baseline, candidate, metric)


def _is_current(comparison: Comparison, baseline: Run, candidate: Run) -> bool:
    moments = [run.finished for run in (baseline, candidate) if run.finished]
    return all(comparison.computed >= moment for moment in moments)


@transaction.atomic
def _build(baseline: Run, candidate: Run, metric: Metric) -> Comparison:
    # Before the scores are read: a run that finishes meanwhile has it built anew.
    now = timezone.now()
    runs = {"baseline_run": baseline, "candidate_run": candidate, "metric": metric}
    _, created = Comparison.objects.get_or_create(**runs, defaults={"computed": now})
    comparison = Comparison.objects.select_for_update().get(**runs)
    if not created and _is_current(comparison, baseline, candidate):
        return comparison
    rows = _rows(comparison, baseline, candidate, metric)
    comparison.differences.all().delete()
    ItemDifference.objects.bulk_create(rows, batch_size=BATCH)
    comparison.counts = dict(Counter(row.outcome for row in rows))
    comparison.computed = now
    comparison.save(update_fields=["counts", "computed"])
    return comparison


def _rows(
    comparison: Comparison, baseline: Run, candidate: Run, metric: Metric
) -> list[ItemDifference]:
    sign = 1.0 if METRICS[metric.name].higher_is_better else -1.0
    before, after = (run_scores(run, metric).values for run in (baseline, candidate))
    rows = []
    items = Item.objects.filter(version=baseline.test_set_version_id).values_list("id", flat=True)
    for item in items:
        base, tuned = _mean(before.get(item)), _mean(after.get(item))
        gain = None if base is None or tuned is None else sign * (tuned - base)
        rows.append(
            ItemDifference(
                comparison=comparison,
                item_id=item,
                baseline=base,
                candidate=tuned,
                difference=gain,
                outcome=outcome(base, tuned, gain),
            )
        )
    return rows


def _mean(values: Sequence[float] | None) -> float | None:
    return sum(values) / len(values) if values else None

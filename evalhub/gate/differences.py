"""The item-by-item differences that pages read: kept as rows, rebuilt when a run changes."""

from collections import Counter

from django.db import transaction
from django.utils import timezone

from evalhub.gate.models import Comparison, Difference
from evalhub.gate.outcomes import outcome
from evalhub.gate.scores import Pairing
from evalhub.registry.models import Item

BATCH = 2000


@transaction.atomic
def keep_differences(pairing: Pairing) -> Comparison:
    """The comparison of a pairing with a row an item; kept as it is while the runs are."""
    runs = pairing.baseline.run, pairing.candidate.run
    kept = Comparison.objects.filter(
        baseline_run=runs[0], candidate_run=runs[1], metric=pairing.metric
    ).first()
    finished = [run.finished for run in runs if run.finished]
    if kept is not None and all(kept.computed >= moment for moment in finished):
        return kept
    comparison, _ = Comparison.objects.update_or_create(
        baseline_run=runs[0],
        candidate_run=runs[1],
        metric=pairing.metric,
        defaults={"computed": timezone.now()},
    )
    comparison.differences.all().delete()
    sign = 1.0 if pairing.requirement.higher_is_better else -1.0
    counts: Counter[str] = Counter()
    batch: list[Difference] = []
    items = Item.objects.filter(version=runs[0].test_set_version).values_list("id", flat=True)
    for item in items:
        base = _mean(pairing.baseline.values.get(item))
        tuned = _mean(pairing.candidate.values.get(item))
        gain = None if base is None or tuned is None else sign * (tuned - base)
        what = outcome(base, tuned, gain)
        counts[what] += 1
        batch.append(
            Difference(
                comparison=comparison,
                item_id=item,
                baseline=base,
                candidate=tuned,
                difference=gain,
                outcome=what,
            )
        )
    Difference.objects.bulk_create(batch, batch_size=BATCH)
    comparison.counts = dict(counts)
    comparison.save(update_fields=["counts"])
    return comparison


def _mean(values: list[float] | None) -> float | None:
    return sum(values) / len(values) if values else None

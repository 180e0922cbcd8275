"""Scores that a run's answers have together: computed anew from their parts when all are there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from evalhub.declare.declaration import validate
from evalhub.io.identity import scores_digest
from evalhub.registry.models import Metric, Score
from evalhub.registry.rows import update
from runners.metrics import METRICS
from runners.metrics.score import LONGEST_REASON


@dataclass(frozen=True, slots=True)
class ScoresTogether:
    """A run's joint scores by one metric, computed and not yet written.

    Attributes:
        aggregates: columns of the run's RunMetric.
        changed: (value, reason, primary key) of the scores that are others now.
    """

    aggregates: dict[str, object]
    changed: Sequence[tuple[float | None, str, int]]

    def write(self) -> None:
        """Write the scores, within the transaction that writes the aggregates."""
        update(Score, ("value", "reason"), self.changed)


def scores_together(run_id: int, metric: Metric) -> ScoresTogether | None:
    """The scores of a run by a metric that all answers have together; None for any other metric.

    An answer without parts (an error, or one recorded without them) stays unscored and is left out
    of the sum.
    """
    kind = METRICS.get(metric.name)  # None: a metric of another version of Evalhub
    if kind is None or not kind.scored_together:
        return None
    declared = validate(kind, {"name": metric.name, **metric.options})
    scores: QuerySet[Score] = Score.objects.filter(output__run=run_id, metric=metric).order_by("pk")
    columns = ["output__item__key", "output__sample", "value", "reason", "parts"]
    scored, rest, parts = [], [], []
    for pk, *row, own in scores.values_list("pk", *columns).iterator(chunk_size=5000):
        if own is None:
            rest.append((pk, *row))
        else:
            scored.append((pk, *row))
            parts.append(own)
    values: list[float | None] = []
    mean, reason = None, ""
    if parts:
        try:
            joint = declared.together([str(key) for _, key, *_ in scored], parts)
            values, mean = list(joint.values), joint.value
        except ValueError as error:
            values, reason = [None] * len(parts), str(error)[:LONGEST_REASON]
    now = [
        (key, sample, value) for (_, key, sample, *_), value in zip(scored, values, strict=True)
    ] + [(key, sample, value) for _, key, sample, value, _ in rest]
    return ScoresTogether(
        aggregates={
            "scored": sum(value is not None for *_, value in now),
            "unscored": sum(value is None for *_, value in now),
            "extraction_misses": scores.filter(extracted=False).count(),
            "mean": mean,
            "scores_digest": scores_digest(now),
        },
        changed=[
            (value, reason, pk)
            for (pk, _, _, before, why), value in zip(scored, values, strict=True)
            if (before, why) != (value, reason)
        ],
    )

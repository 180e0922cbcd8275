"""Scores that a run's answers have together: computed anew from their counts when all are there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from evalhub.declare.declaration import validate
from evalhub.io.identity import scores_digest
from evalhub.registry.models import Metric, Score
from evalhub.registry.rows import update
from evalhub.stats.errors import StatisticsError
from runners.metrics import METRICS
from runners.metrics.corpus_score import CorpusScore


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

    An answer without counts (an error, or one recorded without them) stays unscored and is left out
    of the sum.
    """
    if METRICS.get(metric.name) is not CorpusScore:  # None: a metric of another version of Evalhub
        return None
    from evalhub.stats.corpus import corpus_score  # numpy, which no other run needs

    corpus = validate(CorpusScore, {"name": metric.name, **metric.options})
    scores: QuerySet[Score] = Score.objects.filter(output__run=run_id, metric=metric).order_by("pk")
    columns = ["output__item__key", "output__sample", "value", "reason", "output__given_scores"]
    names = corpus.counts
    scored, rest, counts = [], [], []
    for pk, *row, value_by_name in scores.values_list("pk", *columns).iterator(chunk_size=5000):
        if value_by_name is not None and all(name in value_by_name for name in names):
            scored.append((pk, *row))
            counts.append([float(value_by_name[name]) for name in names])
        else:
            rest.append((pk, *row))
    values: list[float | None] = []
    mean, reason = None, ""
    if counts:
        try:
            result = corpus_score(corpus.formula, counts)
            values, mean = result.scores.tolist(), result.value
        except StatisticsError as error:
            values, reason = [None] * len(counts), str(error)
    now = [
        (key, sample, value) for (_, key, sample, *_), value in zip(scored, values, strict=True)
    ] + [(key, sample, value) for _, key, sample, value, _ in rest]
    return ScoresTogether(
        aggregates={
            "scored": sum(value is not None for *_, value in now),
            "unscored": sum(value is None for *_, value in now),
            "extraction_misses": 0,
            "mean": mean,
            "scores_digest": scores_digest(now),
        },
        changed=[
            (value, reason, pk)
            for (pk, _, _, before, why), value in zip(scored, values, strict=True)
            if (before, why) != (value, reason)
        ],
    )

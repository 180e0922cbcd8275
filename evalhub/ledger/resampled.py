"""The paired bootstrap of test sets whose score is of all answers together."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from evalhub.decision.sections.resampled import ResampledRow, ResampledSection
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import Metric, Run, Score
from evalhub.stats.corpus_bootstrap import SEED, Array, paired_bootstrap
from evalhub.stats.errors import StatisticsError
from runners.metrics import metric_declaration


def resampled_section(pairings: Mapping[str, Pairing]) -> ResampledSection | None:
    """The section; None where no test set has such a score. Two queries for each that has.

    Left out are test sets that were added to between looks: a bootstrap of all rows alike would be
    of another difference than the criterion's.
    """
    rows = [row for pairing in pairings.values() if (row := _row(pairing)) is not None]
    return ResampledSection(test_sets=tuple(rows)) if rows else None


def _row(pairing: Pairing) -> ResampledRow | None:
    aligned, metric = pairing.aligned, pairing.metric
    formula = metric_declaration(metric.name, **metric.options).formula
    if not formula or aligned.same or aligned.flaws or len(aligned.items) < 2 or pairing.earlier:
        return None
    ids = [item.id for item in aligned.items]
    arms = [_counts(arm.run, metric, ids) for arm in (pairing.baseline, pairing.candidate)]
    labels = aligned.clusters
    try:
        drawn = paired_bootstrap(formula, *arms, clusters=labels)
    except StatisticsError:  # a resample in which the score has no value
        return None
    return ResampledRow(
        test_set=aligned.requirement.test_set,
        metric=metric.name,
        score=formula,
        items=len(ids),
        clusters=None if labels is None else len(set(labels)),
        resamples=drawn.resamples,
        seed=SEED,
        baseline=drawn.baseline,
        candidate=drawn.candidate,
        lower=drawn.lower,
        upper=drawn.upper,
        p_value=drawn.p_value,
    )


def _counts(run: Run, metric: Metric, items: list[int]) -> Array:
    """The counts of each item's answers, (items, counts), the mean of an item's samples."""
    scores = Score.objects.filter(output__run=run, metric=metric, parts__isnull=False)
    rows: dict[int, list[Any]] = {}
    for item, parts in scores.values_list("output__item_id", "parts").iterator(chunk_size=5000):
        rows.setdefault(item, []).append(parts)
    return np.array([np.mean(rows[item], axis=0) for item in items])

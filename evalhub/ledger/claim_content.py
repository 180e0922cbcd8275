"""The digest of a claim: items, weights, both arms' scores, and the question. Pure.

Names, ids, order, tags, metadata and the texts of answers are no part of it: who adds a tag or
sorts a file anew claims the same, and pays nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.arm_scores import ArmScores, ItemLabel, Rows
from evalhub.decision.mix import item_weights
from evalhub.io.canonical import canonical_json
from evalhub.stats.errors import StatisticsError

Columns = NDArray[np.int64]
_MIXED = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def content_digest(
    items: Sequence[ItemLabel],
    baseline: ArmScores,
    candidate: ArmScores,
    *,
    question: Mapping[str, Any],
    judged: Rows | None = None,
    mix: Mapping[str, float] | None = None,
) -> str:
    """SHA-256, hexadecimal, of the content that two arms' scores of some items claim.

    Of each item: its fingerprint, its cluster, its weight and all scores of both arms, as a row of
    numbers; the rows are sorted. A cluster is known by the items in it. An item that isn't judged
    on weighs nothing, and its scores don't count.

    Args:
        items: a test set's, in order, which the arms' `places` count.
        question: what else the comparison rests on, as JSON: the metric, the development split.
        judged: the items that are judged on, shape (items,); None: all.
        mix: each tag's share of production. It counts by the weights that it gives; without one
            the items' own weights count, where files say them.
    """
    judged_rows = np.ones(len(items), dtype=bool) if judged is None else judged
    scores = [_samples(arm, len(items)) for arm in (baseline, candidate)]
    for arm_scores in scores:
        arm_scores[~judged_rows] = np.nan
    weights = np.zeros(len(items))
    weights[judged_rows] = _weights(
        [each for each, is_judged in zip(items, judged_rows, strict=True) if is_judged], mix
    )
    fingerprints = fingerprints_of(items)
    numbers = np.column_stack([weights, *scores]) + 0.0  # one zero: -0.0 is 0.0
    numbers[np.isnan(numbers)] = np.nan  # one NaN
    rows = np.column_stack(
        [fingerprints, _clusters(items, fingerprints), numbers.astype("<f8").view("<i8")]
    ).astype("<i8")
    shape = [len(items), *(each.shape[1] for each in scores)]
    whole = hashlib.sha256(canonical_json([question, shape]))
    whole.update(rows[np.lexsort(rows.T[::-1])].tobytes())
    return whole.hexdigest()


def fingerprints_of(items: Sequence[ItemLabel]) -> Columns:
    """Each item's fingerprint of what it asks, shape (items,)."""
    return np.fromiter((each.fingerprint for each in items), dtype=np.int64, count=len(items))


def _weights(items: Sequence[ItemLabel], mix: Mapping[str, float] | None) -> NDArray[np.float64]:
    """The items' weights; NaN where they can't be computed: such evidence gets no verdict."""
    if not mix or not items:
        return np.array([1.0 if each.weight is None else each.weight for each in items])
    try:
        return item_weights([each.tags for each in items], mix)
    except StatisticsError:
        return np.full(len(items), np.nan)


def _samples(arm: ArmScores, items: int) -> NDArray[np.float64]:
    """An arm's scores of each item in ascending order, shape (items, samples), padded with NaN at
    the end."""
    counts = arm.counts(items)
    table = np.full((items, max(int(counts.max(initial=0)), 1)), np.nan)
    starts = np.cumsum(counts) - counts
    table[arm.item_indices, np.arange(len(arm.item_indices)) - starts[arm.item_indices]] = (
        arm.values
    )
    table.sort(axis=1)
    return table


def _clusters(items: Sequence[ItemLabel], fingerprints: Columns) -> Columns:
    """A number for each item's cluster, computed from the fingerprints in it and not from its
    label; 0 for a single item."""
    if not any(each.cluster for each in items):
        return np.zeros(len(items), dtype=np.int64)
    codes: dict[Any, int] = {}
    of = np.fromiter(
        (codes.setdefault(each.cluster or i, len(codes)) for i, each in enumerate(items)),
        dtype=np.intp,
        count=len(items),
    )
    mixed = fingerprints.astype(np.uint64) * _MIXED[0]
    mixed = (mixed ^ (mixed >> np.uint64(31))) * _MIXED[1]
    sums = np.zeros(len(codes), dtype=np.uint64)
    np.add.at(sums, of, mixed ^ (mixed >> np.uint64(29)))
    sums[np.bincount(of) == 1] = 0
    return sums[of].astype(np.int64)

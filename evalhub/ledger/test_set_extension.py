"""A test set that was extended after a look: old rows beside new ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.align import Aligned, average_one
from evalhub.decision.arm_scores import Rows
from evalhub.ledger.models import Look
from evalhub.ledger.scores import Pairing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import StudyTestSet
from evalhub.stats.errors import StatisticsError


def with_earlier_looks(
    evidence: StudyEvidence,
    test_set: StudyTestSet,
    pairing: Pairing,
    look_ids: Sequence[int],
    names: tuple[str, str],
) -> Pairing:
    """The rows of these looks, oldest first, each as it was judged then, and those of new items.

    Answers that were given anew to the old items since don't change what was seen. Each look's
    items are weighted by themselves, so that all of them estimate the same thing.
    """
    looks = Look.objects.select_related(
        "baseline_run__version",
        "candidate_run__version",
        "baseline_run__test_set_version__test_set",
        "candidate_run__test_set_version__test_set",
    ).in_bulk(look_ids)
    runs = [(looks[each].baseline_run, looks[each].candidate_run) for each in look_ids]
    parts = [evidence.pair_runs(test_set, *both, names).aligned for both in runs]
    seen: set[tuple[str, int]] = set()
    joined = replace(parts[0], look_stages=np.zeros(len(parts[0].items), dtype=np.intp))
    for part, (earlier, _) in zip([*parts[1:], pairing.aligned], runs, strict=True):
        seen |= {(each.key, each.fingerprint) for each in evidence.items(earlier.test_set_version)}
        joined = _join(joined, _new_rows(test_set, part, seen))
    return replace(pairing, aligned=joined, earlier=tuple(runs))


def _new_rows(test_set: StudyTestSet, larger: Aligned, seen: set[tuple[str, int]]) -> Aligned:
    """Rows of items that weren't there before; other parts of a set may have the same ids."""
    new = np.array([(each.key, each.fingerprint) not in seen for each in larger.items], dtype=bool)
    try:
        return larger.where(new)
    except StatisticsError as error:
        why = f"The items added to {test_set.name} can't be weighted to its mix: {error}"
        return replace(larger, weights=None, mix=None, flaws=[*larger.flaws, why]).where(new)


def _join(first: Aligned, added: Aligned) -> Aligned:
    """Append rows (`added`) to those that were seen before (`first`)."""
    before = np.zeros(0, dtype=np.intp) if first.look_stages is None else first.look_stages
    stage = int(before.max(initial=-1)) + 1
    sizes = len(first.items), len(added.items)
    return replace(
        added,
        baseline=_one_below(first.baseline, added.baseline),
        candidate=_one_below(first.candidate, added.candidate),
        clusters=_clusters(first, added, stage),
        items=[*first.items, *added.items],
        weights=None
        if first.weights is None or added.weights is None
        else np.concatenate([average_one(first.weights), average_one(added.weights)])
        if added.mix is None
        else np.concatenate([first.weights, added.weights]),
        mix=None if first.mix is None else added.mix,
        look_stages=np.concatenate([before, np.full(len(added.baseline), stage)]),
        failed=_failures(first, added),
        lost=_either(first.lost, added.lost, sizes),
        unchanged=_either(first.unchanged, added.unchanged, sizes),
        flaws=[*added.flaws, *first.flaws],
    )


def _failures(first: Aligned, added: Aligned) -> Rows | None:
    if first.failed is None and added.failed is None:
        return None
    none = (np.zeros((2, len(each.items)), dtype=bool) for each in (first, added))
    both = zip((first.failed, added.failed), none, strict=True)
    return np.concatenate([each if failed is None else failed for failed, each in both], axis=1)


def _either(first: Rows | None, added: Rows | None, sizes: tuple[int, int]) -> Rows | None:
    """Two masks of so many rows, one below the other; one that is missing has none."""
    if first is None and added is None:
        return None
    return np.concatenate(
        [
            np.zeros(size, dtype=bool) if mask is None else mask
            for mask, size in zip((first, added), sizes, strict=True)
        ]
    )


def _one_below(first: NDArray[np.float64], added: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stack scores to shape (n + m,) or (n + m, samples); means where the numbers of samples
    differ."""
    if first.shape[1:] == added.shape[1:]:
        return np.concatenate([first, added])
    return np.concatenate(
        [each if each.ndim == 1 else each.mean(axis=1) for each in (first, added)]
    )


def _clusters(first: Aligned, added: Aligned, stage: int) -> list[str] | None:
    """Cluster labels of both; an item without a label is a cluster of its own."""
    if first.clusters is None and added.clusters is None:
        return None
    alone = [f"item {i}" for i in range(len(first.baseline) + len(added.baseline))]
    old = first.clusters or [f"first {each}" for each in alone[: len(first.baseline)]]
    new = added.clusters or [f"added {each}" for each in alone[len(first.baseline) :]]
    marked = (f"added {stage}: {each}" if each.startswith("item ") else each for each in new)
    return [*old, *marked]

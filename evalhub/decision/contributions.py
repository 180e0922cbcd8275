"""What two arms' answers add to a score of all answers together, and where they add the same. Pure.

An answer's own value of such a score is linearised about its arm's score (`evalhub.stats.corpus`),
so that one answer has two values in two arms. Items whose answers add the same are tied all the
same.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.arm_scores import ArmScores

NOTHING = -1
"""The number of an answer that adds nothing, such as one without a score."""


@dataclass(frozen=True, slots=True)
class PairedParts:
    """What answers that both arms gave add to the score, in the order of items and samples.

    `clusters` number the sources that items share, or the items where one has several answers; None
    where every answer stands alone.
    """

    baseline: Sequence[Sequence[Any]]
    candidate: Sequence[Sequence[Any]]
    clusters: NDArray[np.intp] | None


def pair_parts[Item: Hashable](
    baseline: Mapping[tuple[Item, int], tuple[Sequence[Any], str]],
    candidate: Mapping[tuple[Item, int], tuple[Sequence[Any], str]],
) -> PairedParts:
    """Two arms' parts side by side: by item and sample what the answer adds, and the item's source,
    "" where it shares none."""
    both = [key for key in baseline if key in candidate]
    sources = [baseline[key][1] or f"item {key[0]}" for key in both]
    _, clusters = np.unique(np.array(sources, dtype=object).astype(str), return_inverse=True)
    alone = len(set(sources)) == len(sources)
    return PairedParts(
        baseline=[baseline[key][0] for key in both],
        candidate=[candidate[key][0] for key in both],
        clusters=None if alone else clusters.astype(np.intp),
    )


def contribution_number(parts: str) -> int:
    """A number, from 0, by which answers are told apart that add something else; `parts` is the
    JSON of what they add."""
    return int.from_bytes(blake2b(parts.encode(), digest_size=7).digest())


def unchanged_items(
    baseline: ArmScores, candidate: ArmScores, whole: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Which of the `whole` items, a mask of all, have as many answers in both arms that add the
    same, in whatever order; shape (whole.sum(),). None where each answer is scored alone."""
    if baseline.contributions is None or candidate.contributions is None:
        return None
    counts = baseline.counts(len(whole))
    even = whole & (counts == candidate.counts(len(whole))) & (counts > 0)
    before, after = (
        _in_order(arm.item_indices[rows], arm.contributions[rows])
        for arm in (baseline, candidate)
        if arm.contributions is not None
        for rows in (even[arm.item_indices],)
    )
    equal = (before == after) & (before != NOTHING)
    unchanged = np.zeros(len(whole), dtype=bool)
    if equal.size:
        starts = np.cumsum(counts[even]) - counts[even]
        unchanged[even] = np.logical_and.reduceat(equal, starts)
    return unchanged[whole]


def _in_order(items: NDArray[np.intp], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of each item in ascending order: its samples have none of their own."""
    return numbers[np.lexsort((numbers, items))]

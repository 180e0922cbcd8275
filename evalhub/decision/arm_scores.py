"""One arm's scores of a test set's items, into which files, evidence documents and the database are
read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
"""Which items, shape (n,)."""


class ItemLabel(NamedTuple):
    """What a comparison needs to know of an item beside its scores.

    `weight` is how much it counts where the source says so, above 0; `id` is its row's in the
    database, where it has one; `question` is a digest of what the model sees, where another item
    of its test set may ask the same, else ""; `fingerprint` is by what the ledger knows what it
    asks, where it is a row of the database.
    """

    key: str
    cluster: str = ""
    tags: Sequence[str] = ()
    weight: float | None = None
    id: int = 0
    question: str = ""
    fingerprint: int = 0


@dataclass(frozen=True, slots=True)
class ArmScores:
    """One arm's scores of one test set by one metric.

    Attributes:
        name: what sentences call the arm.
        item_indices: which item each score is of, as its index in the list of items, ascending,
            shape (m,); an item's scores stand in the order of its samples.
        values: the scores, shape (m,); NaN where an answer has none.
        reason: why the first answer without a score has none.
        samples: answers that each item should have; None: as many as any item has.
        failures: what went wrong while it was answered, one sentence each; it stands for all that
            is missing because of it.
        extraction_misses: answers in which the extraction pattern found nothing.
        failed: which answers failed for good and so have no score, shape (m,); None where more
            went wrong than single answers.
        lost: of those that failed, which were lost on their way here, shape (m,); None: none was.
        contributions: a number for what each answer adds to a score of all answers together, shape
            (m,), equal for those that add the same; None where each answer is scored alone.
    """

    name: str
    item_indices: NDArray[np.intp]
    values: Array
    reason: str = ""
    samples: int | None = None
    failures: Sequence[str] = ()
    extraction_misses: int = 0
    failed: Rows | None = None
    lost: Rows | None = None
    contributions: NDArray[np.int64] | None = None

    @property
    def failures_counted(self) -> int:
        return 0 if self.failed is None else int(self.failed.sum())

    @property
    def unscored(self) -> int:
        return int(np.isnan(self.values).sum())

    def counts(self, items: int) -> NDArray[np.intp]:
        """How many answers each item has, shape (items,)."""
        return np.bincount(self.item_indices, minlength=items)

    def means(self, items: int) -> Array:
        """Each item's mean over its answers, shape (items,); NaN where one has no score."""
        with np.errstate(invalid="ignore"):
            sums = np.bincount(self.item_indices, weights=self.values, minlength=items)
            return np.asarray(sums / self.counts(items), dtype=float)


def by_item(scores: Sequence[Sequence[float | None]]) -> tuple[NDArray[np.intp], Array]:
    """Flatten each item's scores into `item_indices` and `values` of ArmScores; None is NaN."""
    indices = np.repeat(np.arange(len(scores)), [len(each) for each in scores])
    return indices, np.array(list(chain.from_iterable(scores)), dtype=float)

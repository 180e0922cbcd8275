"""Hash tables for the search, without hashes that too many items share. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.ledger.leakage.fingerprints import Hashes

BANDS, BAND_ROWS = 20, 5
JACCARD = 0.6
"""Similarity of shingles from which two texts are near-duplicates."""
SHARED = 0.05
FEWEST_SHARING = 2

_MULTIPLIERS = np.random.default_rng(5).integers(1, 2**63, (BANDS, BAND_ROWS), np.uint64) * 2 + 1

Index = NDArray[np.int64]


def sharing_limit(items: int) -> int:
    """How many of `items` may share something that still identifies them: 5%, at least 2."""
    return max(FEWEST_SHARING, int(SHARED * items))


@dataclass(frozen=True, slots=True)
class HashTable:
    """Sorted hashes, and the item part that each belongs to."""

    values: Hashes
    parts: Index

    @classmethod
    def of(cls, values: Hashes, parts: Index) -> "HashTable":
        order = np.lexsort((parts, values))
        values, parts = values[order], parts[order]
        new = np.ones(values.size, bool)
        new[1:] = (values[1:] != values[:-1]) | (parts[1:] != parts[:-1])
        return cls(values[new], parts[new])

    def hits(self, values: Hashes) -> tuple[Index, Index, Index]:
        """For each pair of equal hashes: its index in `values`, the part, its index in the
        table."""
        left = np.searchsorted(self.values, values, "left")
        present = np.flatnonzero(np.r_[self.values, np.uint64(0)][left] == values)
        first = left[present]
        counts = np.searchsorted(self.values, values[present], "right") - first
        ends = np.cumsum(counts)
        slots = np.arange(ends[-1] if ends.size else 0) + np.repeat(first - (ends - counts), counts)
        return np.repeat(present, counts), self.parts[slots], slots


def band_hashes(signatures: NDArray[np.uint16]) -> Hashes:
    """A hash of each band of each signature: (texts, bands)."""
    rows = signatures.reshape(-1, BANDS, BAND_ROWS).astype(np.uint64)
    bands = np.arange(BANDS, dtype=np.uint64)
    return np.asarray((rows * _MULTIPLIERS).sum(axis=2) * np.uint64(BANDS) + bands)

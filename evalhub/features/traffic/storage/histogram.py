"""A histogram of numbers ≥ 0 whose quantiles are right within 1%, and that can be merged. Pure.

DDSketch, without its collapsing of buckets: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and
fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12 (2019), section 2.1. With
γ = (1 + α) / (1 − α), bucket i holds γ^(i−1) < x ≤ γ^i and is estimated by 2γ^i / (γ + 1), which
is within α·x of every x in it. So merging loses nothing: it adds counts.

From a microsecond to a day, in milliseconds, there are 1,260 buckets; few of them are filled.
"""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

RELATIVE_ERROR = 0.01
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
SMALLEST, LARGEST = 1e-280, 1e280
"""What is smaller counts as 0, what is larger as LARGEST: an index has 16 bits."""

_LOG_GAMMA = math.log(GAMMA)
_HEAD = struct.Struct("<BQH")
"""The bytes of a count, the number of zeros, the number of filled buckets."""
_INDEX = np.dtype("<i2")


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many numbers are in which bucket.

    Attributes:
        zeros: how many are 0.
        indices: of the filled buckets, ascending.
        counts: of the same buckets, at least 1.
    """

    zeros: int
    indices: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: ArrayLike) -> Self:
        """Of finite numbers ≥ 0; NaN stands for a number that is missing, and is left out.

        Raises ValueError on a negative number.
        """
        numbers = np.asarray(values, dtype=float)
        numbers = numbers[~np.isnan(numbers)]
        if numbers.size and numbers.min() < 0:
            raise ValueError("a histogram has no bucket for negative numbers")
        positive = numbers[numbers >= SMALLEST]
        indices = np.ceil(np.log(np.minimum(positive, LARGEST)) / _LOG_GAMMA).astype(np.int64)
        low = indices.min(initial=0)
        return cls._of_range(numbers.size - positive.size, int(low), np.bincount(indices - low))

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Self:
        """What `to_bytes` wrote; no bytes are an empty histogram."""
        if not data:
            return cls(0, np.empty(0, np.int64), np.empty(0, np.int64))
        width, zeros, buckets = _HEAD.unpack_from(data)
        indices = np.frombuffer(data, _INDEX, buckets, _HEAD.size)
        at = _HEAD.size + indices.nbytes
        counts = np.frombuffer(data, f"<u{width}", buckets, at)
        return cls(zeros, indices.astype(np.int64), counts.astype(np.int64))

    def to_bytes(self) -> bytes:
        """Three bytes a filled bucket, and more where its counts are above 255."""
        largest = int(self.counts.max(initial=0))
        width = np.min_scalar_type(largest).itemsize
        head = _HEAD.pack(width, self.zeros, len(self.indices))
        return (
            head
            + self.indices.astype(_INDEX).tobytes()
            + self.counts.astype(f"<u{width}").tobytes()
        )

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return self.zeros + int(self.counts.sum())

    def add(self, values: ArrayLike) -> Self:
        """With further numbers, as `of` takes them."""
        return self.merge(self.of(values))

    def remove(self, values: ArrayLike) -> Self:
        """Without numbers that were added before, as `of` takes them."""
        gone = self.of(values)
        return self.merge(type(self)(-gone.zeros, gone.indices, -gone.counts))

    def merge(self, *others: Self) -> Self:
        """All together: the same as the histogram of all their numbers."""
        parts = [part for part in (self, *others) if part.indices.size]
        low = min((int(part.indices[0]) for part in parts), default=0)
        high = max((int(part.indices[-1]) for part in parts), default=0)
        counts = np.zeros(high - low + 1, np.int64)
        for part in parts:
            counts[part.indices - low] += part.counts
        return self._of_range(self.zeros + sum(other.zeros for other in others), low, counts)

    @classmethod
    def _of_range(cls, zeros: int, low: int, counts: NDArray[np.int64]) -> Self:
        """With the counts of all buckets from `low` on, whether filled or not."""
        filled = np.flatnonzero(counts)
        return cls(zeros, filled + low, counts[filled])

    @classmethod
    def read_together(cls, rows: Iterable[bytes | memoryview]) -> Self:
        """What `to_bytes` wrote of any number of them, merged: fast for thousands."""
        zeros, parts = 0, dict[int, tuple[list[bytes], list[bytes]]]()
        for data in filter(len, rows):
            width, none, buckets = _HEAD.unpack_from(data)
            zeros, at = zeros + none, _HEAD.size + buckets * _INDEX.itemsize
            same_width = parts.setdefault(width, ([], []))
            same_width[0].append(bytes(data[_HEAD.size : at]))
            same_width[1].append(bytes(data[at:]))
        indices, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for width, (of_indices, of_counts) in parts.items():
            indices.append(np.frombuffer(b"".join(of_indices), _INDEX).astype(np.int64))
            counts.append(np.frombuffer(b"".join(of_counts), f"<u{width}").astype(np.int64))
        all_indices = np.concatenate(indices)
        low = int(all_indices.min(initial=0))
        sums = np.bincount(all_indices - low, np.concatenate(counts)).astype(np.int64)
        return cls._of_range(zeros, low, sums)

    def quantile(self, share: float) -> float | None:
        """The number that has this share of the others below it, within 1%: of n sorted numbers
        that of rank ⌊share·(n − 1)⌋, counted from 0. None without numbers.

        Raises ValueError where the share isn't in [0, 1].
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a quantile's share is in [0, 1], not {share}")
        if not self.count:
            return None
        rank = math.floor(share * (self.count - 1))
        if rank < self.zeros:
            return 0.0
        place = np.searchsorted(np.cumsum(self.counts), rank - self.zeros, side="right")
        return float(2 * math.exp(int(self.indices[place]) * _LOG_GAMMA) / (GAMMA + 1))

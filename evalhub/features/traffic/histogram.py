"""A histogram of numbers ≥ 0 whose quantiles are right within 1%, and that can be merged. Pure.

DDSketch, without its collapsing of buckets: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and
fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12 (2019), section 2.1. With
γ = (1 + α) / (1 − α), bucket i holds γ^(i−1) < x ≤ γ^i and is estimated by 2γ^i / (γ + 1), which
is within α·x of every x in it. So merging loses nothing: it adds counts.

From a microsecond to a day, in milliseconds, there are 1,260 buckets; few of them are filled.
"""

import math
import struct
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
    indices: NDArray[np.int16]
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
        exact = np.ceil(np.log(np.minimum(positive, LARGEST)) / _LOG_GAMMA)
        indices, counts = np.unique(exact.astype(_INDEX), return_counts=True)
        return cls(numbers.size - positive.size, indices, counts)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Self:
        """What `to_bytes` wrote; no bytes are an empty histogram."""
        if not data:
            return cls(0, np.empty(0, _INDEX), np.empty(0, np.int64))
        width, zeros, buckets = _HEAD.unpack_from(data)
        indices = np.frombuffer(data, _INDEX, buckets, _HEAD.size)
        at = _HEAD.size + indices.nbytes
        counts = np.frombuffer(data, f"<u{width}", buckets, at)
        return cls(zeros, indices, counts.astype(np.int64))

    def to_bytes(self) -> bytes:
        """Three bytes a filled bucket, and more where its counts are above 255."""
        largest = int(self.counts.max(initial=0))
        width = np.min_scalar_type(largest).itemsize
        head = _HEAD.pack(width, self.zeros, len(self.indices))
        return head + self.indices.tobytes() + self.counts.astype(f"<u{width}").tobytes()

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return self.zeros + int(self.counts.sum())

    def add(self, values: ArrayLike) -> Self:
        """With further numbers, as `of` takes them."""
        return self.merge(self.of(values))

    def merge(self, other: Self) -> Self:
        """Both together: the same as the histogram of all their numbers."""
        indices, places = np.unique(
            np.concatenate([self.indices, other.indices]), return_inverse=True
        )
        counts = np.zeros(len(indices), np.int64)
        np.add.at(counts, places, np.concatenate([self.counts, other.counts]))
        return type(self)(self.zeros + other.zeros, indices, counts)

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

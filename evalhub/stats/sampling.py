"""A random sample of a frame of requests: stratified, without replacement, the same by its seed.

Each row's place follows from the seed and its key alone (permanent random numbers: Ohlsson 1995),
so neither the frame's order nor what came in since changes the order of the rest. The allocation
never takes a row back when the count grows. So a larger draw by the same seed from the same frame
holds the smaller one.

A row of stratum h stands for N_h/n_h rows of the frame: its weight (Horvitz and Thompson 1952).
"""

import hashlib
import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import kish_effect
from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

LARGE_CLUSTER = 0.2
"""Share of a sample from which on a cluster is named: the estimate leans on it."""

Allocation = Literal["proportional", "equal"]


@dataclass(frozen=True, slots=True)
class SamplingFrame:
    """What a sample is drawn from; entry i of all three describes row i.

    Attributes:
        keys: (N,) unique; a row's place in the order of drawing is by its key.
        strata: (N,) the stratum of each row.
        contents: (N,) digest of what each row asks; several rows may ask the same.
    """

    keys: Sequence[str]
    strata: Sequence[Hashable]
    contents: Sequence[str]


@dataclass(frozen=True, slots=True)
class DrawnStratum:
    """Rows of the frame in a stratum, and how many of them were drawn."""

    size: int
    drawn: int

    @property
    def weight(self) -> float:
        """How many rows of the frame one that was drawn stands for."""
        return self.size / self.drawn


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a frame.

    Attributes:
        rows: (n,) indices into the frame, in the order of drawing.
        weights: (n,) how many rows of the frame each stands for; they add up to the frame's size.
        strata: by stratum, its size and how many were drawn.
        left_out: rows of the frame whose content was drawn before; the sample says nothing of them.
        design_effect: Kish's effect of the weights: the variance against that of equal weights,
            where what is measured doesn't follow the strata.
    """

    rows: NDArray[np.intp]
    weights: Array
    strata: Mapping[Hashable, DrawnStratum]
    left_out: int
    design_effect: float

    @property
    def effective_size(self) -> float:
        """How many rows of equal weight would say as much (Kish 1965)."""
        return len(self.rows) / self.design_effect


def draw_sample(
    frame: SamplingFrame,
    count: int,
    *,
    seed: str,
    allocation: Allocation,
    least: int,
    drawn: Collection[str] = (),
) -> Sample:
    """Draw `count` rows of a frame, a simple random sample in each stratum.

    Args:
        count: rows to draw in all.
        seed: of the order; the same seed gives each row the same place.
        allocation, least: see `allocate`.
        drawn: contents that were drawn before: their rows are left out.

    Raises:
        StatisticsError: columns of unequal length, a key that is there twice, fewer rows than
            `count`, or what `allocate` refuses.
    """
    _check_frame(frame)
    used, begin, sha256 = set(drawn), f"{seed}\0", hashlib.sha256
    members: dict[Hashable, list[tuple[bytes, int]]] = defaultdict(list)
    for row, (key, stratum, content) in enumerate(
        zip(frame.keys, frame.strata, frame.contents, strict=True)
    ):
        if content not in used:
            # a frame may have a million rows: without a call of our own for each
            members[stratum].append((sha256((begin + key).encode()).digest(), row))
    sizes = {stratum: len(rows) for stratum, rows in members.items()}
    counts = allocate(sizes, count, allocation=allocation, least=least)
    strata = {name: DrawnStratum(size, counts[name]) for name, size in sizes.items()}
    chosen = sorted(
        (place, row, strata[name].weight)
        for name, rows in members.items()
        for place, row in heapq.nsmallest(counts[name], rows)
    )
    rows = np.array([row for _, row, _ in chosen], dtype=np.intp)
    weights = np.array([weight for *_, weight in chosen], dtype=float)
    return Sample(
        rows,
        weights,
        strata,
        left_out=len(frame.keys) - sum(sizes.values()),
        design_effect=kish_effect(weights),
    )


def allocate(
    sizes: Mapping[Hashable, int],
    count: int,
    *,
    allocation: Allocation,
    least: int,
) -> dict[Hashable, int]:
    """How many rows to draw from each stratum, by its size in the frame.

    The next row goes to the stratum with the largest s/√(n(n + 1)), n what it has and s its part:
    N_h (proportional) or 1 (equal). In whole numbers this minimises Σ s_h²/n_h, with a minimum and
    a maximum in each stratum (Wright 2012, The American Statistician 66:217). More rows never take
    one back.

    Args:
        least: rows of each stratum, or all that it has; 2 are needed to see how they differ.

    Raises:
        StatisticsError: fewer rows than `count`, or more strata than it can give `least` rows.
    """
    if count < 1 or least < 1:
        raise StatisticsError(f"a draw is of 1 row or more, not {count}, {least} of a stratum")
    if (total := sum(sizes.values())) < count:
        raise StatisticsError(f"{count:,} rows are to be drawn, and the frame has {total:,}")
    counts = {name: min(least, size) for name, size in sizes.items()}
    if (floor := sum(counts.values())) > count:
        raise StatisticsError(
            f"{len(sizes):,} strata take {floor:,} rows, {least} of each, and {count:,} are to be "
            "drawn: draw more, or make fewer strata"
        )
    parts = sizes if allocation == "proportional" else dict.fromkeys(sizes, 1)

    def entry(name: Hashable, order: int) -> tuple[float, int, Hashable]:
        return -parts[name] / math.sqrt(counts[name] * (counts[name] + 1)), order, name

    by_name = sorted(sizes, key=str)
    heap = [entry(name, i) for i, name in enumerate(by_name) if counts[name] < sizes[name]]
    heapq.heapify(heap)
    for _ in range(count - floor):
        _, order, name = heapq.heappop(heap)
        counts[name] += 1
        if counts[name] < sizes[name]:
            heapq.heappush(heap, entry(name, order))
    return counts


def weighted_quantiles(values: Array, weights: Array, at: Sequence[float]) -> list[float]:
    """The quantiles of a weighted sample: for each share of `at` the smallest value up to which at
    least that share of the weight lies (the inverse of the weighted distribution function).

    Args:
        values, weights: of shape (n,), n above 0; weights above 0.
    """
    order = np.argsort(values)
    shares = np.cumsum(weights[order]) / weights.sum()
    ranks = np.searchsorted(shares, np.asarray(at) - 1e-12)
    return [float(each) for each in values[order][ranks]]


def _check_frame(frame: SamplingFrame) -> None:
    columns = (frame.keys, frame.strata, frame.contents)
    if len({len(column) for column in columns}) > 1:
        lengths = ", ".join(str(len(column)) for column in columns)
        raise StatisticsError(f"keys, strata and contents differ in length: {lengths}")
    if len(set(frame.keys)) < len(frame.keys):
        [(twice, _)] = Counter(frame.keys).most_common(1)
        raise StatisticsError(f"{twice!r} is the key of two rows; keys are unique")

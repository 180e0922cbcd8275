"""Exact test whether sides dealt in balanced blocks are independent of a mark of the answers."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AllocationTest:
    """How many of the marked turns were on the left, how many are expected, and the p-value."""

    left: int
    expected: float
    p_value: float


def allocation_test(
    marked: Sequence[bool], left: Sequence[bool], blocks: Sequence[Hashable]
) -> AllocationTest | None:
    """Exact two-sided test that sides and marks are independent, given each block's sides.

    Under the hypothesis every order of a block's sides is as likely, whatever its marks: the count
    of marked turns on the left is a sum of independent hypergeometric counts, whose distribution
    is their convolution (the exact form of Cochran, Mantel and Haenszel's test). The p-value is
    twice the smaller tail. None where no block leaves anything to chance.

    Args:
        marked: (n,) whether a turn has the mark.
        left: (n,) on which side it was dealt.
        blocks: (n,) the block that it belongs to.
    """
    if not len(marked) == len(left) == len(blocks):
        raise StatisticsError("every turn needs a mark, a side and a block")
    tables: dict[Hashable, list[int]] = {}
    for mark, side, block in zip(marked, left, blocks, strict=True):
        table = tables.setdefault(block, [0, 0, 0, 0])
        for observed_at, counts in enumerate((True, mark, side, mark and side)):
            table[observed_at] += bool(counts)
    open_ = [table for table in tables.values() if 0 < table[1] < table[0] > table[2] > 0]
    if not open_:
        return None
    kinds = Counter((n, marks, lefts) for n, marks, lefts, _ in open_)
    observed = sum(both for *_, both in open_)
    chances, least = _sum_of(kinds)
    observed_at = observed - least
    tail = min(chances[: observed_at + 1].sum(), chances[observed_at:].sum())
    return AllocationTest(
        left=observed,
        expected=sum(count * m * k / n for (n, m, k), count in kinds.items()),
        p_value=min(1.0, 2 * float(tail)),
    )


def _sum_of(kinds: Counter[tuple[int, int, int]]) -> tuple[Array, int]:
    """The distribution of the sum, and its least value."""
    total, least = np.ones(1), 0
    for (n, marks, lefts), count in kinds.items():
        low, high = max(0, marks + lefts - n), min(marks, lefts)
        chances = [
            comb(marks, both) * comb(n - marks, lefts - both) / comb(n, lefts)
            for both in range(low, high + 1)
        ]
        least += count * low
        total = np.convolve(total, _sum_distribution(np.array(chances), count))
    return total, least


def _sum_distribution(chances: Array, count: int) -> Array:
    """The distribution of the sum of `count` independent values of one distribution."""
    total, power = np.ones(1), chances
    while count:
        if count & 1:
            total = np.convolve(total, power)
        count >>= 1
        if count:
            power = np.convolve(power, power)
    return total

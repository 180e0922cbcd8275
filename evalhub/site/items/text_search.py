"""A text search item by item: each request reads a part, and the next continues there.

What is kept is which items were read and which of them hold the text, and never a text.
"""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray

type Ids = NDArray[np.int64]
type Marks = NDArray[np.bool_]

SECONDS = 0.06
"""For which a request reads. It reads a block at least, and begins none that might end later."""
FIRST = 250
"""Items of the first block: nobody knows yet how long their texts are."""
FEWEST, MOST = 10, 2000
FORGOTTEN = 60.0
"""Seconds without a request, after which a search of what still changes begins anew."""


class TextSearch:
    """One text among these items.

    Args:
        items: their ids, in whatever order.
        holding: which of so many items hold the text.
    """

    def __init__(self, items: Ids, holding: Callable[[Sequence[int]], Iterable[int]]) -> None:
        self._first = int(items.min()) if items.size else 0
        self._size = int(items.max()) - self._first + 1 if items.size else 0
        self._holding = holding
        self._block = FIRST
        self._begin()

    def read_on(self, items: Ids, *, seconds: float | None = None) -> None:
        """Reads items that weren't read yet, in their order, for SECONDS or as long as `seconds`
        says; `inf` reads all."""
        limit = SECONDS if seconds is None else seconds
        left = items[~self.read(items)]
        until = monotonic() + limit
        took = 0.0
        while left.size:
            block, left = left[: self._block], left[self._block :]
            began = monotonic()
            matches = np.fromiter(self._holding(np.sort(block).tolist()), dtype=np.int64)
            self._matches[matches - self._first] = True
            self._read[block - self._first] = True
            took = monotonic() - began
            self._fit(took)
            if monotonic() + took > until:
                break
        self._ended = not left.size
        self._last_use = monotonic()

    def read(self, items: Ids) -> Marks:
        """For each of the items, whether it was read."""
        marks: Marks = self._read[items - self._first]
        return marks

    def matches(self, items: Ids) -> Marks:
        """For each of the items, whether it was read and holds the text."""
        marks: Marks = self._matches[items - self._first]
        return marks

    def begin_anew_if_old(self) -> None:
        """Restarts an old search in data that still change: a completed one, or one that nobody has
        used since FORGOTTEN."""
        if self._ended or monotonic() - self._last_use > FORGOTTEN:
            self._begin()

    def _begin(self) -> None:
        self._read = np.zeros(self._size, dtype=np.bool_)
        self._matches = np.zeros(self._size, dtype=np.bool_)
        self._ended = False
        self._last_use = monotonic()

    def _fit(self, took: float) -> None:
        """Sizes the next block to take a quarter to a half of SECONDS."""
        if took < SECONDS / 4:
            self._block = min(2 * self._block, MOST)
        elif took > SECONDS / 2:
            self._block = max(self._block // 2, FEWEST)

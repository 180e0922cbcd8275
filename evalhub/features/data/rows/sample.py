"""A random sample of the rows that go by, in bounded memory. Pure."""

import heapq
import random
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.features.data.rows.training_rows import TrainingRow

MOST_CHARACTERS = 100_000_000
"""Of all rows in the sample: of ASCII text as many bytes, of other scripts two to four times."""
_OF_A_ROW = 500
"""What a row takes beside its texts, in characters."""


class RowSample:
    """The rows with the smallest random keys: each set of rows is as likely as any other.

    Where rows are long, those with the largest keys go, whatever their own length: it is a smaller
    sample, and as random.
    """

    def __init__(self, size: int, *, seed: int, characters: int = MOST_CHARACTERS) -> None:
        self._size, self._most = size, characters
        self._random = random.Random(seed)
        self._limit = 1.0
        self._characters = 0
        # (-key, place in the file, its characters, row): the largest key comes first
        self._heap: list[tuple[float, int, int, TrainingRow]] = []
        self.seen = 0
        self.is_cut = False

    def add(self, row: TrainingRow) -> None:
        key = self._random.random()
        self.seen += 1
        if key >= self._limit:
            return
        characters = _OF_A_ROW + _characters_of(row)
        self._characters += characters
        heapq.heappush(self._heap, (-key, self.seen, characters, row))
        while len(self._heap) > self._size or (
            self._characters > self._most and len(self._heap) > 1
        ):
            self.is_cut = self.is_cut or len(self._heap) <= self._size
            largest, _, freed, _ = heapq.heappop(self._heap)
            self._limit = -largest
            self._characters -= freed

    def rows(self) -> list[TrainingRow]:
        """The sample in the file's order. The sample itself is empty afterwards."""
        heap, self._heap = self._heap, []
        return [row for _, _, _, row in sorted(heap, key=lambda entry: entry[1])]


def _characters_of(row: TrainingRow) -> int:
    """Prompt and answer are among the messages, as the same texts."""
    texts = sum(len(message.text) for message in row.messages) + len(row.rejected or "")
    return texts + _size_of(row.fields)


def _size_of(value: Any) -> int:
    """Characters of all texts in a value of JSON, and some for what is none."""
    match value:
        case str():
            return len(value)
        case Mapping():
            return sum(len(name) + _size_of(inner) for name, inner in value.items())
        case Sequence():
            return sum(map(_size_of, value))
        case _:
            return 8

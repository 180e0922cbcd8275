"""Which rows of what is to be trained on hold a test item: all of them, and not only the first.

The same search as `evalhub.ledger.leakage.matching` makes, so that what is left out of a training
file is what a decision would name as leaked. No database, no Django.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

import numpy as np

from evalhub.ledger.leakage.fingerprints import FEWEST_WORDS, fingerprint, texts_of, words_of
from evalhub.ledger.leakage.matching import ItemTexts, SoughtItems, rank_of
from evalhub.ledger.leakage.result import LeakageMatch
from evalhub.ledger.leakage.training import TrainingBatch

_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Texts:
    """Some rows' distinct texts as a batch whose lines are `owners`' indices.

    Attributes:
        owners: by text, the rows that hold it.
        rows: (row, its texts), for items of a word or two.
    """

    batch: TrainingBatch
    owners: Sequence[Sequence[int]]
    rows: Sequence[tuple[int, Sequence[str]]]


class SearchedRows:
    """Rows that are searched for the items of several test sets; their texts are hashed once.

    About 20 kB a row of a hundred words are held in memory.
    """

    def __init__(self, rows: Iterable[Any]) -> None:
        """`rows` are JSON values: every text in them counts."""
        self._parts = [_hashed(part) for part in batched(enumerate(rows), _ROWS_AT_ONCE)]

    def holding(self, items: Iterable[ItemTexts]) -> dict[int, tuple[str, LeakageMatch]]:
        """By index of a row that holds a text of an item: the item's key, and how it was found,
        the strongest match."""
        sought = SoughtItems.of(items, b"", texts_known=True)
        best: dict[int, tuple[str, LeakageMatch]] = {}
        for row, part, match in self._matches(sought):
            if row not in best or rank_of(match) < rank_of(best[row][1]):
                best[row] = sought.keys[sought.items[part]], match
        return best

    def _matches(self, sought: SoughtItems) -> Iterator[tuple[int, int, LeakageMatch]]:
        for texts in self._parts:
            for part, match in sought.matches(texts.batch):
                yield from ((row, part, match) for row in texts.owners[match.line])
            brief = TrainingBatch(0, texts.batch.lines[:0], texts.batch.prints, texts.rows)
            for row, part in sought.brief.matches_in(brief):
                match = LeakageMatch(part=sought.names[part], how="exact", line=row, share=1.0)
                yield row, part, match


def _hashed(rows: Sequence[tuple[int, Any]]) -> _Texts:
    whole = [(index, list(texts_of(row))) for index, row in rows]
    owners: dict[str, list[int]] = {}
    for index, texts in whole:
        for text in dict.fromkeys(texts):
            owners.setdefault(text, []).append(index)
    long = [text for text in owners if len(words_of(text)) >= FEWEST_WORDS]
    batch = TrainingBatch(len(whole), np.arange(len(long), dtype=np.int64), fingerprint(long))
    return _Texts(batch, [owners[text] for text in long], whole)

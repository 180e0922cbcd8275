"""Search a file of training data for a test set's file, as one document. No database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from evalhub.declare.declaration import Declaration
from evalhub.io.items import FieldMapping, read_items
from evalhub.io.rows import DataError
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.result import LeakageMatch, LeakageSettings
from evalhub.ledger.leakage.training import Progress, read_training


class LeakedItem(Declaration):
    """An item that was found, with its line in the test set's file."""

    id: str
    line: int
    matches: list[LeakageMatch]


class LeakageDocument(LeakageSettings):
    """A test set's file looked for in training data."""

    state: Literal["leaked", "clean"]
    training_rows: int
    leaked: list[LeakedItem]


def leakage_document(
    train: Path, test_set: Path, mapping: FieldMapping, progress: Progress | None = None
) -> LeakageDocument:
    """Search `train`, training data or their fingerprints, for the items of `test_set`.

    Raises:
        evalhub.io.rows.DataError: what is wrong with a file; no item that is long enough.
    """
    lines: dict[str, int] = {}
    (leakage,) = find_leakage(
        read_training(train), _items(test_set, mapping, lines), progress=progress
    )
    if leakage.too_short == leakage.items:
        raise DataError("no item is long enough to be looked for", file=str(test_set))
    return LeakageDocument(
        **dict(leakage.settings),
        state="leaked" if leakage.leaked else "clean",
        training_rows=leakage.rows,
        leaked=[
            LeakedItem(id=key, line=lines[key], matches=matches)
            for key, matches in leakage.leaked.items()
        ],
    )


def _items(test_set: Path, mapping: FieldMapping, lines: dict[str, int]) -> Iterator[ItemTexts]:
    """The items of the file; notes their lines on the way."""
    for line, item in read_items(test_set, mapping):
        if lines.setdefault(item.key, line) != line:
            raise DataError(
                f"'{item.key}' is the id on line {lines[item.key]} already; ids are unique",
                file=str(test_set),
                line=line,
                field=mapping.id,
            )
        yield item_texts(item.key, item.input, item.references)

"""Results of the search for test items in training data (docs/how-to/leakage.md)."""

from typing import Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration


class LeakageMatch(Declaration):
    """Where a part of an item was found.

    `how` is "exact", "near-duplicate", "13-gram" or, for the whole of a shorter text, "8-gram" to
    "12-gram". `line` is that of the training file. `share` is 1 where exact, the estimated
    similarity of a near-duplicate, or the share of the item's runs of words that were found.
    """

    part: str
    how: str
    line: int
    share: float

    def __str__(self) -> str:
        return f"{self.part}: {self.how}, line {self.line}"


class LeakageSettings(Declaration):
    """What was looked for, and in what: `items`, of which `too_short` can't be found."""

    schema_: Literal["evalhub.leakage/1"] = Field("evalhub.leakage/1", alias="schema")
    read: Literal["data", "hashes"]
    texts: int
    items: int
    too_short: int
    ignored_when_shared_by_more_than: int
    ngram: int
    fewest_words: dict[str, int]
    shingle: int
    bands: int
    band_rows: int
    jaccard: float


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

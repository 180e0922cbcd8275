"""The result of a search for test items in training data. No database, no Django."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.ledger.leakage.fingerprints import FEWEST_WORDS, NGRAM, SHINGLE, SHORT_NGRAM
from evalhub.ledger.leakage.tables import BAND_ROWS, BANDS, JACCARD


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


@dataclass(frozen=True, slots=True)
class Leakage:
    """The result of a search: `leaked` is {item key: its matches}, the strongest of each part.

    `rows` and `texts` of training data were read. `items` were looked for, of which `too_short`
    have no text that is long enough to be found. `shared_by` is the number of items that may
    share a run of words before it is ignored.
    """

    read: Literal["data", "hashes"]
    rows: int
    texts: int
    items: int
    too_short: int
    shared_by: int
    leaked: dict[str, list[LeakageMatch]]

    @property
    def settings(self) -> LeakageSettings:
        """What was looked for, and in what."""
        return LeakageSettings(
            read=self.read,
            texts=self.texts,
            items=self.items,
            too_short=self.too_short,
            ignored_when_shared_by_more_than=self.shared_by,
            ngram=NGRAM,
            fewest_words={
                "input in one row with its reference": 1,
                "exact input": 2 if self.read == "data" else FEWEST_WORDS,
                "anything else": SHORT_NGRAM,
            },
            shingle=SHINGLE,
            bands=BANDS,
            band_rows=BAND_ROWS,
            jaccard=JACCARD,
        )

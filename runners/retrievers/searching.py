"""Query and result of a retriever, and what each file of one implements."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from evalhub.io.passages import Passage

FAILED = "the retriever: "
"""What the error of an answer begins with whose retriever failed: its model wasn't asked."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: an item's question."""

    item_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """The passages that were found, the best first; or None, and `error` says why."""

    passages: Sequence[Passage] | None
    error: str = ""


type Searched = tuple[Query, Result]


class Searcher(Protocol):
    """What searches by a retriever; made for each search, by `of(retriever, project, reach)`.

    Attributes:
        recorded: whether a run keeps each result as it comes, since to search again costs much or
            might find something else.
    """

    @property
    def recorded(self) -> bool:
        """See above."""

    def search(self, queries: Sequence[Query]) -> Generator[list[Searched]]:
        """The results as they come, in batches, one to each query and in any order.

        There is a batch about every half second, empty or not; closing the generator cancels the
        rest. Raises BackendError where it is no use to search for anything else either.
        """

"""Retrievers: what finds an item's passages. A new one is a file and a line of the table.

Its declaration is in `evalhub.declare.retrievers`; its file has a class `Client` (`Searcher`).
"""

from importlib import import_module

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import CommandRetriever, Retriever, UrlRetriever
from runners.retrievers.searching import Searcher

# The declaration of a retriever, and the file of its client.
_TABLE = {
    Retriever: "bm25",
    UrlRetriever: "url",
    CommandRetriever: "command",
}


def searcher_of(
    retriever: Retriever | UrlRetriever | CommandRetriever, *, project: int, reach: Reach
) -> Searcher:
    """The client of a version's retriever, for a run that may reach this much.

    Raises runners.backends.asking.BackendError where it can't be used.
    """
    module = import_module(f"runners.retrievers.{_TABLE[type(retriever)]}")
    client: Searcher = module.Client.of(retriever, project=project, reach=reach)
    return client

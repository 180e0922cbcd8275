"""Retrievers: what finds an item's passages. A new one is a file and a line of the table.

Its declaration is in `evalhub.declare.retrievers`; its file has the class that searches.
"""

from importlib import import_module

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import CommandRetriever, Retriever, UrlRetriever
from runners.retrievers.searching import Searcher

# The declaration of a retriever, and the file and the class that search by it.
_TABLE = {
    Retriever: ("bm25", "DocumentSearcher"),
    UrlRetriever: ("url", "UrlSearcher"),
    CommandRetriever: ("command", "CommandSearcher"),
}


def searcher_of(
    retriever: Retriever | UrlRetriever | CommandRetriever, *, project: int, reach: Reach
) -> Searcher:
    """What searches by a version's retriever, for a run that may reach this much.

    Raises runners.backends.asking.BackendError where it can't be used.
    """
    file, name = _TABLE[type(retriever)]
    kind = getattr(import_module(f"runners.retrievers.{file}"), name)
    searcher: Searcher = kind.of(retriever, project=project, reach=reach)
    return searcher

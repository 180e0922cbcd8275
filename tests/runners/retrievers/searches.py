"""A retriever's client, asked."""

from typing import Any

from pydantic import TypeAdapter

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import AnyRetriever
from runners.retrievers import searcher_of
from runners.retrievers.searching import Query, Result
from tests.cast import OPERATOR


def results(spec: dict[str, Any], *queries: str, reach: Reach = OPERATOR) -> list[Result]:
    """What is found for each query, in order."""
    retriever = TypeAdapter(AnyRetriever).validate_python(spec)
    searcher = searcher_of(retriever, project=0, reach=reach)
    asked = [Query(number, text) for number, text in enumerate(queries)]
    results = {query.item_id: result for batch in searcher.search(asked) for query, result in batch}
    return [results[number] for number in range(len(queries))]

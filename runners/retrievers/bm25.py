"""Documents of this site, searched in the process that asks the model.

BM25 in Lucene's form by bm25s (Lu 2024, arXiv 2407.03618): for each word of the input that a
document holds, idf·tf/(tf + k1·(1 − b + b·length/mean length)), added up.
"""

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched
from typing import Any, ClassVar, Self

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import Retriever
from evalhub.io.passages import Passage
from runners.backends.asking import BackendError
from runners.retrievers.searching import Query, Result, Searched

AT_A_TIME = 50
"""Queries between two looks whether to go on."""
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Index:
    """Documents, ready to be searched by many threads."""

    texts: Sequence[str]
    _scores: Callable[[list[str]], Any]
    _words: Callable[[str], list[str]]

    @classmethod
    def of(cls, texts: Sequence[str], retriever: Retriever) -> "Index":
        """Build the index; takes seconds for each 10,000 documents of a page's length."""
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it says "debug", as it is imported

        def tokens_of(some_texts: Sequence[str]) -> list[list[str]]:
            tokens: list[list[str]] = bm25s.tokenize(
                list(some_texts),
                stopwords=retriever.stopwords,
                return_ids=False,
                show_progress=False,
            )
            return tokens

        bm25 = bm25s.BM25(k1=retriever.k1, b=retriever.b)
        bm25.index(tokens_of(texts), show_progress=False)
        return cls(texts, bm25.get_scores, lambda text: tokens_of([text])[0])

    def best(self, query: str, k: int) -> list[tuple[int, float]]:
        """At most `k` documents that share a word with the query, (number, score), best first.

        Of those with one score the first in the file comes first.
        """
        words = self._words(query)
        if not words:
            return []
        scores = self._scores(words)
        order = (-scores).argsort(kind="stable")[:k]
        return [
            (int(position), float(scores[position])) for position in order if scores[position] > 0
        ]


@dataclass(frozen=True, slots=True)
class DocumentSearcher:
    """Searches the documents of a project in this process."""

    index: Index
    keys: Sequence[str]
    k: int
    recorded: ClassVar[bool] = False

    @classmethod
    def of(cls, retriever: Retriever, *, project: int, reach: Reach) -> Self:
        """Raises BackendError where its documents aren't in this database."""
        with _making:
            index, keys = _index(project, retriever)
        return cls(index, keys, retriever.k)

    def search(self, queries: Sequence[Query]) -> Generator[list[Searched]]:
        """See `Searcher.search`."""
        for some in batched(queries, AT_A_TIME):
            yield [(query, Result(self._passages(query.text))) for query in some]

    def _passages(self, query: str) -> list[Passage]:
        return [
            {"id": self.keys[number], "text": self.index.texts[number], "score": score}
            for number, score in self.index.best(query, self.k)
        ]


@lru_cache(maxsize=4)
def _index(project: int, retriever: Retriever) -> tuple[Index, Sequence[str]]:
    from evalhub.registry.models import DocumentText

    digest = retriever.documents.removeprefix("sha256:")
    rows = DocumentText.objects.filter(documents__project=project, documents__digest=digest)
    documents = list(rows.order_by("position").values_list("key", "text"))
    if not documents:
        raise BackendError(
            f"prompt, field 'retriever.documents': the project has no documents {digest[:8]}: "
            "register the version again with its file"
        )
    keys, texts = zip(*documents, strict=True)
    return Index.of(texts, retriever), keys

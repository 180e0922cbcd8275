"""Retrieval: an item's context, found by the version's retriever among stored documents.

BM25 in Lucene's form by bm25s (Lu 2024, arXiv 2407.03618): for each word of the input that a
document holds, idf·tf/(tf + k1·(1 − b + b·length/mean length)), added up.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evalhub.declare.prompt import Retriever
from evalhub.io.held_texts import is_held_text
from runners.backends.asking import BackendError, BackendRequest
from runners.prompting import question_of

if TYPE_CHECKING:
    from evalhub.registry.models import ModelVersion

BETWEEN = "\n\n"
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


def with_contexts(
    questions: Sequence[BackendRequest], version: "ModelVersion"
) -> Sequence[BackendRequest]:
    """The questions with what the version's retriever finds as their context, the texts a blank
    line apart; as they are where it has none, or they are held texts.

    Raises BackendError where its documents aren't in this database.
    """
    retriever = version.prompt.retriever
    if retriever is None or not questions:
        return questions
    with _making:
        index = _index(version.model.project_id, retriever)
    return [
        question
        if is_held_text(question.choices)
        else replace(question, context=_context(index, question, retriever.k))
        for question in questions
    ]


def _context(index: Index, question: BackendRequest, k: int) -> str:
    matches = index.best(question_of(question.input), k)
    return BETWEEN.join(index.texts[number] for number, _ in matches)


@lru_cache(maxsize=4)
def _index(project: int, retriever: Retriever) -> Index:
    from evalhub.registry.models import DocumentText

    digest = retriever.documents.removeprefix("sha256:")
    rows = DocumentText.objects.filter(documents__project=project, documents__digest=digest)
    texts = list(rows.order_by("position").values_list("text", flat=True))
    if not texts:
        raise BackendError(
            f"prompt, field 'retriever.documents': the project has no documents {digest[:8]}: "
            "register the version again with its file"
        )
    return Index.of(texts, retriever)

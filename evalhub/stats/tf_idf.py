"""Texts as vectors of words and pairs of words, and which of them are neighbours.

Weight of a term in a text: (1 + ln f)·(ln((1 + n)/(1 + df)) + 1), f how often it is there, df in
how many of the n texts (Salton and Buckley 1988, Information Processing & Management 24:513; the
smoothing is scikit-learn's). Each vector has length 1, so that a product of two is their cosine.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_WORDS = 300
"""Of a text, from its beginning."""
MOST_TERMS = 50_000
FEWEST_TEXTS = 2
"""That have a term, for it to count."""
_BLOCK = 500


def tf_idf(texts: Sequence[Sequence[str]], *, most_terms: int = MOST_TERMS) -> Any:
    """(texts, terms) sparse matrix (scipy CSR) of texts, each as its words.

    A text without any term that two texts have is a row of zeros.
    """
    counts = [_terms(words) for words in texts]
    used: Counter[str] = Counter()
    for terms in counts:
        used.update(terms.keys())
    common = sorted((term for term, df in used.items() if df >= FEWEST_TEXTS), key=_by(used))
    columns = {term: column for column, term in enumerate(common[:most_terms])}
    df = np.array([used[term] for term in columns], float)
    idf = np.log((1 + len(texts)) / (1 + df)) + 1
    values: list[float] = []
    places: list[int] = []
    starts = [0]
    for terms in counts:
        for term, times in terms.items():
            column = columns.get(term)
            if column is not None:
                places.append(column)
                values.append((1 + float(np.log(times))) * float(idf[column]))
        starts.append(len(places))
    sparse = import_module("scipy.sparse")
    matrix = sparse.csr_array((values, places, starts), shape=(len(texts), len(columns)))
    lengths = np.sqrt(np.asarray((matrix * matrix).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)


def _by(used: Counter[str]) -> Callable[[str], tuple[int, str]]:
    """Sort key: the most used term first."""
    return lambda term: (-used[term], term)


def _terms(words: Sequence[str]) -> Counter[str]:
    some = words[:MOST_WORDS]
    return Counter([*some, *(f"{first} {second}" for first, second in pairwise(some))])


def nearest(matrix: Any, count: int) -> tuple[NDArray[np.int64], Array]:
    """Each row's nearest other rows by cosine, and their cosines, both (rows, count), the nearest
    first.

    Where fewer rows have anything in common with it, -1 and 0 fill up.
    """
    rows = matrix.shape[0]
    neighbours = np.full((rows, count), -1, np.int64)
    cosines = np.zeros((rows, count))
    transposed = matrix.T.tocsr()
    for start in range(0, rows, _BLOCK):
        block = (matrix[start : start + _BLOCK] @ transposed).tocsr()
        for row in range(block.shape[0]):
            left, right = block.indptr[row], block.indptr[row + 1]
            others, values = block.indices[left:right], block.data[left:right]
            apart = others != start + row
            others, values = others[apart], values[apart]
            if values.size > count:
                best = np.argpartition(-values, count)[:count]
                others, values = others[best], values[best]
            order = np.lexsort((others, -values))
            neighbours[start + row, : order.size] = others[order]
            cosines[start + row, : order.size] = values[order]
    return neighbours, cosines

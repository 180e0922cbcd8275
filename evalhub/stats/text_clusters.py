"""Groups of texts that are about the same, and the words that name them.

Words weighted by tf-idf are projected on their main directions (latent semantic analysis,
Deerwester et al. 1990, by the randomised method of Halko, Martinsson and Tropp 2011, SIAM Review
53:217), and the unit vectors are parted by spherical k-means (Dhillon and Modha 2001, Machine
Learning 42:143), begun as k-means++ (Arthur and Vassilvitskii 2007). The number of clusters is the
one with the largest mean simplified silhouette (Hruschka, de Castro and Campello 2004).

Shares of clusters that were fitted to the same texts are biased: fit one half of the texts, count
the other.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]
Words = Sequence[str]

FEWEST_TEXTS = 50
"""Below it clusters are accidents."""
MOST_TERMS = 20_000
MOST_WORDS = 300
"""Of a text, from its beginning."""
DIRECTIONS = 50
COUNTS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)
"""Numbers of clusters that are tried."""
FEWEST_A_CLUSTER = 20
"""Texts a cluster, on average: a larger number of clusters isn't tried."""
NO_CLUSTER = -1
_STARTS = 4
_MOST_STEPS = 50
_POWERS = 4
_SILHOUETTE_TEXTS = 5_000


@dataclass(frozen=True, slots=True)
class TextClusters:
    """Clusters of texts, ordered by size in the texts they were fitted to.

    Attributes:
        terms: the words that count, with their columns.
        projection: (terms, directions), the words' weights in it.
        centres: (clusters, directions), of length 1.
        telling: of each cluster the words that are more frequent in it than elsewhere.
    """

    terms: dict[str, int]
    projection: Array
    centres: Array
    telling: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.centres)

    def words(self, cluster: int) -> tuple[str, ...]:
        """The words that tell most of a cluster, the first ones most."""
        return self.telling[cluster]

    def assign(self, texts: Sequence[Words]) -> NDArray[np.intp]:
        """The cluster of each text (texts,), the one with the nearest centre; `NO_CLUSTER` of a
        text without any word that counts."""
        return self.nearest(texts)[0]

    def nearest(self, texts: Sequence[Words]) -> tuple[NDArray[np.intp], Array]:
        """The cluster of each text (texts,) and its cosine with the centre (texts,)."""
        vectors = _unit(_counted(texts, self.terms) @ self.projection)
        cosines = vectors @ self.centres.T
        clusters = cosines.argmax(axis=1)
        clusters[~vectors.any(axis=1)] = NO_CLUSTER
        return clusters, np.asarray(cosines.max(axis=1))


def fit_clusters(
    texts: Sequence[Words], *, count: int | None = None, seed: int = 0, words: int = 5
) -> TextClusters:
    """Clusters of texts, each as its words (`evalhub.ledger.leakage.fingerprints` has `words_of`).

    The same texts and seed give the same clusters.

    Args:
        count: of clusters; None: chosen by the silhouette.
        words: how many words name a cluster, at most.

    Raises StatisticsError for fewer than `FEWEST_TEXTS` texts, or without any word that two share.
    """
    if len(texts) < FEWEST_TEXTS:
        raise StatisticsError(f"clusters need {FEWEST_TEXTS} texts or more, not {len(texts)}")
    terms, weights = _terms(texts)
    if not terms:
        raise StatisticsError("no word is in several of the texts and missing in others")
    rng = np.random.default_rng(seed)
    counted = _counted(texts, terms)
    projection = weights[:, None] * _directions(counted * weights, rng)
    vectors = _unit(counted @ projection)
    used = vectors[vectors.any(axis=1)]
    most = max(len(used) // FEWEST_A_CLUSTER, 1)
    counts = [count] if count else [tried for tried in COUNTS if tried <= most] or [1]
    centres = max(
        (_k_means(used, tried, rng) for tried in counts), key=lambda tried: silhouette(used, tried)
    )
    assigned = (used @ centres.T).argmax(axis=1)
    sizes = np.bincount(assigned, minlength=len(centres))
    centres = centres[np.argsort(-sizes, kind="stable")][: np.count_nonzero(sizes)]
    everywhere = (vectors @ centres.T).argmax(axis=1)
    telling = _telling_words(counted, everywhere, list(terms), weights, len(centres), words)
    return TextClusters(terms, projection, centres, telling)


def silhouette(vectors: Array, centres: Array) -> float:
    """Mean simplified silhouette of unit vectors (n, d) by the centres (k, d), cosine distances:
    (b − a)/max(a, b), a to the own centre, b to the next. 1: far apart; 0: no clusters."""
    if len(centres) < 2:
        return 0.0
    step = max(len(vectors) // _SILHOUETTE_TEXTS, 1)
    distances = np.sort(1 - vectors[::step] @ centres.T, axis=1)[:, :2].clip(0)
    own, other = distances[:, 0], distances[:, 1]
    return float(((other - own) / np.maximum(other, 1e-12)).mean())


def _terms(texts: Sequence[Words]) -> tuple[dict[str, int], Array]:
    """The words that count, with their columns, and log(texts/texts with it) of each."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(text[:MOST_WORDS]))
    fewest = 2 if len(texts) < 1_000 else 3
    common = sorted(
        (-number, term) for term, number in counts.items() if fewest <= number < len(texts)
    )[:MOST_TERMS]
    weights = np.array([math.log(len(texts) / -number) for number, _ in common])
    return {term: column for column, (_, term) in enumerate(common)}, weights


def _counted(texts: Sequence[Words], terms: dict[str, int]) -> Any:
    """(texts, terms), sparse: 1 + log(how often the text has the word)."""
    values: list[float] = []
    columns: list[int] = []
    starts = [0]
    for text in texts:
        for word, number in Counter(text[:MOST_WORDS]).items():
            column = terms.get(word)
            if column is not None:
                columns.append(column)
                values.append(1 + math.log(number))
        starts.append(len(columns))
    sparse = import_module("scipy.sparse")
    return sparse.csr_array(
        (np.array(values), np.array(columns, np.int32), np.array(starts)),
        shape=(len(texts), len(terms)),
    )


def _directions(matrix: Any, rng: np.random.Generator) -> Array:
    """The right singular vectors (terms, directions) of the rows of length 1."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).clip(1e-12)
    matrix = matrix.multiply((1 / lengths)[:, None]).tocsr()
    size = min(DIRECTIONS, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], min(size + 10, matrix.shape[1])))
    for _ in range(_POWERS):
        left, _ = np.linalg.qr(matrix @ basis)
        basis, _ = np.linalg.qr(matrix.T @ left)
    left, _ = np.linalg.qr(matrix @ basis)
    _, _, right = np.linalg.svd(np.asarray(matrix.T @ left).T, full_matrices=False)
    return np.asarray(right[:size].T)


def _unit(vectors: Array) -> Array:
    """Rows of length 1; what is 0 stays it."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return np.asarray(vectors / np.where(lengths > 1e-9, lengths, 1)[:, None])


def _k_means(vectors: Array, count: int, rng: np.random.Generator) -> Array:
    """The best of a few starts: centres (count, directions) of length 1."""
    tries = [_one_k_means(vectors, count, rng) for _ in range(_STARTS)]
    return max(tries, key=lambda tried: tried[1])[0]


def _one_k_means(vectors: Array, count: int, rng: np.random.Generator) -> tuple[Array, float]:
    """Centres, and the sum of the cosines with them."""
    sparse = import_module("scipy.sparse")
    texts = len(vectors)
    members = sparse.csc_array(
        (np.ones(texts), np.zeros(texts, np.int32), np.arange(texts + 1)), shape=(count, texts)
    )
    centres = _first_centres(vectors, count, rng)
    before = -math.inf
    for _ in range(_MOST_STEPS):
        cosines = vectors @ centres.T
        assigned, total = cosines.argmax(axis=1), float(cosines.max(axis=1).sum())
        if total <= before * (1 + 1e-5):
            break
        before = total
        members.indices[:] = assigned  # one a text: a new matrix took longer than the product
        # a cluster that lost all of its texts stays where it was
        is_used = np.bincount(assigned, minlength=count) > 0
        centres = np.where(is_used[:, None], _unit(members @ vectors), centres)
    return centres, before


def _first_centres(vectors: Array, count: int, rng: np.random.Generator) -> Array:
    """Texts drawn in turn, each by its distance to the nearest one before: k-means++."""
    chosen = [int(rng.integers(len(vectors)))]
    distances = 1 - vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        weights = distances.clip(1e-12)
        chosen.append(int(rng.choice(len(vectors), p=weights / weights.sum())))
        distances = np.minimum(distances, 1 - vectors @ vectors[chosen[-1]])
    return vectors[chosen].copy()


def _telling_words(
    counted: Any,
    clusters: NDArray[np.intp],
    names: Sequence[str],
    weights: Array,
    count: int,
    words: int,
) -> tuple[tuple[str, ...], ...]:
    """Of each cluster the words by w·p·log(p/q): the shares of its texts and of the others with it,
    and w the word's weight, since "the" names nothing. Numbers and single letters don't either."""
    used = (counted > 0).astype(np.float64)
    total = np.asarray(used.sum(axis=0)).ravel()
    weights = np.where([_can_name(name) for name in names], weights, 0.0)
    telling = []
    for cluster in range(count):
        inside = clusters == cluster
        within = np.asarray(used[inside].sum(axis=0)).ravel()
        share = within / max(int(inside.sum()), 1)
        outside = (total - within + 0.5) / (int((~inside).sum()) + 1)
        scores = weights * share * np.log(np.maximum(share, 1e-12) / outside)
        best = np.argsort(-scores, kind="stable")[:words]
        telling.append(tuple(names[column] for column in best if scores[column] > 0))
    return tuple(telling)


def _can_name(word: str) -> bool:
    return not word.isnumeric() and (len(word) > 1 or not word.isascii())

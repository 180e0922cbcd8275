"""Near-copies among texts, and how varied a set of texts is. Pure; the same on any machine.

Texts are compared as sets of word triples. MinHash gives each a signature of `BANDS * ROWS`
numbers; the share of numbers that two signatures have in common estimates the Jaccard similarity
of their sets (Broder 1997; the permutations are rensa's).
"""

import re
from collections.abc import Iterable
from itertools import batched

import numpy as np
import numpy.typing as npt

BANDS, ROWS = 20, 5
ALIKE = 0.7
"""Estimated Jaccard similarity from which two texts are near-copies."""
MOST_WORDS = 400
"""Words of a text that are compared; of longer texts the first and the last."""
TEXTS = 500
"""Texts of which word triples are held at a time; they take far more memory than the text."""

_SEED = 42
_MIXED = np.random.default_rng(_SEED).integers(0, 2**63, ROWS, dtype=np.uint64) * 2 + 1
"""Makes one number of a band's: that of two bands is the same by chance in 1 of 10^19."""

type Signatures = npt.NDArray[np.uint32]
"""One row a text, one column a permutation."""


def signatures(texts: Iterable[str]) -> Signatures:
    """MinHash signatures of the texts' sets of word triples, a row of BANDS * ROWS for each text.

    Case and punctuation don't count. A text of one or two words is one shingle; texts without
    a word are alike.
    """
    from rensa import RMinHash

    parts = [np.empty((0, BANDS * ROWS), dtype=np.uint32)]
    for some in batched(texts, TEXTS):
        shingles = [_word_triples(text) for text in some]
        matrix = RMinHash.digest_matrix_from_token_sets(shingles, BANDS * ROWS, _SEED)
        parts.append(np.array(matrix.to_rows(), np.uint32))
    return np.concatenate(parts)


def near_copies(signed: Signatures) -> list[int]:
    """For each text, the number of its group of near-copies: 0, 1, … as they first come.

    Texts that share a band of their signatures are compared with the first of them, and belong
    together where at least ALIKE of the signatures agree.
    """
    parents = np.arange(len(signed))
    for band in range(BANDS):
        rows = signed[:, band * ROWS : (band + 1) * ROWS].astype(np.uint64)
        _, first, which = np.unique(rows @ _MIXED, return_index=True, return_inverse=True)
        leaders = first[which]
        others = np.flatnonzero(leaders != np.arange(len(signed)))
        alike = (signed[others] == signed[leaders[others]]).mean(axis=1) >= ALIKE
        for text, leader in zip(others[alike], leaders[others[alike]], strict=True):
            one, other = sorted((_root(parents, text), _root(parents, leader)))
            parents[other] = one
    numbers: dict[int, int] = {}
    return [numbers.setdefault(_root(parents, text), len(numbers)) for text in range(len(signed))]


def similarities(signed: Signatures) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of each text with each: positive semidefinite, ones on the
    diagonal, for `vendi_score`."""
    shared: npt.NDArray[np.float64] = np.zeros((len(signed), len(signed)))
    for column in signed.T:
        shared += column[:, None] == column[None, :]
    shared /= signed.shape[1]
    return shared


def vendi_score(kernel: npt.ArrayLike) -> float:
    """The effective number of different things: exp of the entropy of the eigenvalues of K/n.

    `kernel` is n × n, symmetric and positive semidefinite with ones on its diagonal (Friedman
    and Dieng 2023, The Vendi Score). n where all differ, 1 where all are the same. Raises
    ValueError for another shape or diagonal.
    """
    matrix = np.asarray(kernel, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError(f"a kernel is square, and this one has shape {matrix.shape}")
    if not np.allclose(np.diag(matrix), 1):
        raise ValueError("everything is wholly similar to itself: the diagonal must be 1")
    values = np.linalg.eigvalsh(matrix / len(matrix))
    positive = values[values > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def _word_triples(text: str) -> list[str]:
    words = re.findall(r"\w+", text.lower())
    if len(words) > MOST_WORDS:
        words = words[: MOST_WORDS // 2] + words[-MOST_WORDS // 2 :]
    words += [""] * (3 - len(words))
    return [" ".join(triple) for triple in zip(words, words[1:], words[2:], strict=False)]


def _root(parents: npt.NDArray[np.intp], text: int) -> int:
    while parents[text] != text:
        parents[text] = parents[parents[text]]
        text = parents[text]
    return int(text)

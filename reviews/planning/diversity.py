"""Near-copies among texts, and how varied a set of texts is. Pure; the same on any machine.

Texts are compared as sets of word triples. MinHash gives each a signature of `BANDS * ROWS`
numbers; the share of numbers that two signatures have in common estimates the Jaccard similarity
of their sets (Broder 1997).
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BANDS, ROWS = 20, 5
ALIKE = 0.7
"""Estimated Jaccard similarity from which two texts are near-copies."""
MOST_WORDS = 400
"""Words of a text that are compared; of longer texts the first and the last."""

_WORD = re.compile(r"\w+", re.ASCII)
_PRIME = np.uint64((1 << 31) - 1)

type Signatures = npt.NDArray[np.uint64]
"""One row a text, one column a permutation."""


def signatures(texts: Sequence[str]) -> Signatures:
    """MinHash signatures of the texts' sets of word triples: shape (len(texts), BANDS * ROWS).

    Case and punctuation don't count. A text of one or two words is one shingle; texts without
    a word are alike.
    """
    if not texts:
        return np.empty((0, BANDS * ROWS), dtype=np.uint64)
    shingles, starts = _shingles(texts)
    drawn = np.random.default_rng(20_260_101)
    factors = drawn.integers(1, int(_PRIME), BANDS * ROWS, dtype=np.uint64)
    offsets = drawn.integers(0, int(_PRIME), BANDS * ROWS, dtype=np.uint64)
    found = np.empty((len(texts), BANDS * ROWS), dtype=np.uint64)
    for column, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
        permuted = (shingles * factor + offset) % _PRIME
        found[:, column] = np.minimum.reduceat(permuted, starts)
    return found


def near_copies(found: Signatures) -> list[int]:
    """For each text, the number of its group of near-copies: 0, 1, … as they first come.

    Texts that share a band of their signatures are compared with the first of them, and belong
    together where at least ALIKE of the signatures agree.
    """
    parents = np.arange(len(found))
    for band in range(BANDS):
        rows = np.ascontiguousarray(found[:, band * ROWS : (band + 1) * ROWS])
        _, first, which = np.unique(
            rows.view([("", rows.dtype)] * ROWS).ravel(), return_index=True, return_inverse=True
        )
        leaders = first[which]
        others = np.flatnonzero(leaders != np.arange(len(found)))
        alike = (found[others] == found[leaders[others]]).mean(axis=1) >= ALIKE
        for text, leader in zip(others[alike], leaders[others[alike]], strict=True):
            one, other = sorted((_root(parents, text), _root(parents, leader)))
            parents[other] = one
    numbers: dict[int, int] = {}
    return [numbers.setdefault(_root(parents, text), len(numbers)) for text in range(len(found))]


def match_probability(similarity: float, *, bands: int = BANDS, rows: int = ROWS) -> float:
    """Chance that two texts of this Jaccard similarity share a band: 1 - (1 - s^r)^b."""
    return float(1 - (1 - similarity**rows) ** bands)


def match_threshold(*, bands: int = BANDS, rows: int = ROWS) -> float:
    """Similarity at which that chance rises steepest, about (1/b)^(1/r)."""
    return float((1 / bands) ** (1 / rows))


def similarities(found: Signatures) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of each text with each: positive semidefinite, ones on the
    diagonal, for `vendi_score`."""
    shared: npt.NDArray[np.float64] = np.zeros((len(found), len(found)))
    for column in found.T:
        shared += column[:, None] == column[None, :]
    shared /= found.shape[1]
    return shared


def vendi_score(kernel: npt.ArrayLike) -> float:
    """The effective number of different things: exp of the entropy of the eigenvalues of K/n.

    `kernel` is n × n, symmetric and positive semidefinite with ones on its diagonal (Friedman
    and Dieng 2023, The Vendi Score). n where all differ, 1 where all are the same. Raises
    ValueError for another shape or diagonal.
    """
    given = np.asarray(kernel, dtype=float)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not len(given):
        raise ValueError(f"a kernel is square, and this one has shape {given.shape}")
    if not np.allclose(np.diag(given), 1):
        raise ValueError("everything is wholly similar to itself: the diagonal must be 1")
    values = np.linalg.eigvalsh(given / len(given))
    positive = values[values > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def distinct_n(texts: Sequence[str], n: int) -> float:
    """Share of different ones among all n-grams of words (Li et al. 2016); 0 without any."""
    grams = [
        tuple(words[start : start + n])
        for words in (_words(text) for text in texts)
        for start in range(len(words) - n + 1)
    ]
    return len(set(grams)) / len(grams) if grams else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower()) if text.isascii() else re.findall(r"\w+", text.lower())


def _shingles(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]:
    """Hashes below _PRIME of all texts' word triples, one text after the other, and where each
    text's begin."""
    known: dict[str, int] = {}
    numbers: list[int] = []
    lengths: list[int] = []
    for text in texts:
        words = _words(text)
        if len(words) > MOST_WORDS:
            words = words[: MOST_WORDS // 2] + words[-MOST_WORDS // 2 :]
        words += [""] * (3 - len(words))
        for word in words:
            number = known.get(word)
            if number is None:
                number = known[word] = zlib.crc32(word.encode()) % int(_PRIME)
            numbers.append(number)
        lengths.append(len(words))
    words_ = np.array(numbers, dtype=np.uint64)
    mixed = (words_[:-2] * np.uint64(1_000_003) + words_[1:-1]) % _PRIME
    triples = (mixed * np.uint64(998_244_353) + words_[2:]) % _PRIME
    ends = np.cumsum(lengths)
    within = np.ones(len(triples), dtype=bool)
    for gap in (1, 2):  # triples that would reach into the next text
        inner = ends[:-1] - gap
        within[inner[inner < len(within)]] = False
    starts = np.concatenate([[0], np.cumsum(np.array(lengths[:-1]) - 2)]).astype(np.intp)
    return triples[within], starts


def _root(parents: npt.NDArray[np.intp], text: int) -> int:
    while parents[text] != text:
        parents[text] = parents[parents[text]]
        text = parents[text]
    return int(text)

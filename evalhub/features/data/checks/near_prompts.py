"""Which of some texts are near-copies of each other. Pure.

Their three-word shingles have a Jaccard similarity of .8 or more. Pairs are found by MinHash in 20
bands of 5 (a pair of .8 with chance .9996), and then counted exactly. A shingle that more than 5%
of the texts share, such as an instruction before every question, counts for nothing.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.ledger.leakage.fingerprints import SHINGLE, Hashes, fingerprint, minhash_signatures
from evalhub.ledger.leakage.tables import BANDS, band_hashes

SIMILARITY = 0.8
SHARED = 0.05
FEWEST_SHARING = 20
"""Texts that may share a shingle, however few texts there are."""
MOSTLY = 0.5
"""Share of a text's shingles that must be its own, for it to be compared."""
IN_BUCKET = 20
"""Texts before it in a bucket that a text is compared with."""
_AT_ONCE = 2_000

Index = NDArray[np.int64]


def near_pairs(texts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """(index, later index, similarity) of near-copies, each pair once, in order."""
    shingles, owners = _own_shingles(texts)
    counts = np.bincount(owners, minlength=len(texts))
    bounds = np.r_[0, np.cumsum(counts)]
    compared = np.flatnonzero(counts)
    if not compared.size:
        return
    signatures = minhash_signatures(shingles, counts[compared].astype(np.int64))
    sets = {int(text): shingles[bounds[text] : bounds[text + 1]] for text in compared}
    for first, second in sorted(_candidates(band_hashes(signatures), compared)):
        common = np.intersect1d(sets[first], sets[second], assume_unique=True).size
        similarity = common / (sets[first].size + sets[second].size - common)
        if similarity >= SIMILARITY:
            yield first, second, similarity


def groups_of_copies(texts: Sequence[str]) -> Index:
    """(texts,) the number of the group of near-copies that each belongs to."""
    groups = [*range(len(texts))]

    def root(index: int) -> int:
        while groups[index] != index:
            groups[index] = groups[groups[index]]
            index = groups[index]
        return index

    first_of: dict[str, int] = {}
    for index, text in enumerate(texts):
        groups[index] = first_of.setdefault(text, index)
    for first, second, _ in near_pairs(texts):
        low, high = sorted((root(first), root(second)))
        groups[high] = low
    return np.array([root(index) for index in range(len(texts))], np.int64)


def _own_shingles(texts: Sequence[str]) -> tuple[Hashes, Index]:
    """Distinct shingles of each text, sorted, without shared ones, and whose they are."""
    parts, owners = [], []
    for start in range(0, len(texts), _AT_ONCE):
        prints = fingerprint(texts[start : start + _AT_ONCE])
        parts.append(prints.grams[SHINGLE])
        owners.append(prints.owners[SHINGLE] + start)
    shingles = np.concatenate([*parts, np.zeros(0, np.uint64)]).astype(np.uint64)
    owner = np.concatenate([*owners, np.zeros(0, np.int64)]).astype(np.int64)
    order = np.lexsort((shingles, owner))
    shingles, owner = shingles[order], owner[order]
    new = np.r_[True, (shingles[1:] != shingles[:-1]) | (owner[1:] != owner[:-1])][: owner.size]
    shingles, owner = shingles[new], owner[new]
    _, inverse, sharing = np.unique(shingles, return_inverse=True, return_counts=True)
    own = (sharing <= max(FEWEST_SHARING, SHARED * len(texts)))[inverse]
    total = np.bincount(owner, minlength=len(texts))
    left = np.bincount(owner, own, minlength=len(texts))
    own &= (left > MOSTLY * total)[owner]
    return shingles[own], owner[own]


def _candidates(bands: Hashes, texts: Index) -> set[tuple[int, int]]:
    """Pairs of texts that share a band."""
    values = bands.ravel()
    order = np.argsort(values, kind="stable")
    same = np.r_[False, values[order][1:] == values[order][:-1]]
    pairs: set[tuple[int, int]] = set()
    bucket: list[int] = []
    for cell, follows in zip(order.tolist(), same.tolist(), strict=True):
        text = int(texts[cell // BANDS])
        if not follows:
            bucket = []
        pairs.update((min(other, text), max(other, text)) for other in bucket[-IN_BUCKET:])
        bucket.append(text)
    return {pair for pair in pairs if pair[0] != pair[1]}

"""Texts with the same content in one group: copies and near-copies. Pure."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.ledger.leakage.fingerprints import FEWEST_WORDS, fingerprint
from evalhub.ledger.leakage.tables import JACCARD, band_hashes

Index = NDArray[np.intp]


class Groups:
    """Numbers from 0 that are joined to groups: a union-find."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def join(self, one: int, other: int) -> None:
        self._above[self._root(one)] = self._root(other)

    def numbers(self) -> Index:
        """The group of each, (count,)."""
        return np.array([self._root(each) for each in range(len(self._above))], dtype=np.intp)

    def _root(self, each: int) -> int:
        while self._above[each] != each:
            self._above[each] = self._above[self._above[each]]
            each = self._above[each]
        return each


def join_contents(texts: Sequence[str], groups: Groups) -> None:
    """Join texts that are equal after normalisation, and those whose three-word shingles have an
    estimated Jaccard similarity of .6 or more (`evalhub.ledger.leakage.matching`)."""
    prints = fingerprint(texts)
    first: dict[bytes, int] = {}
    for place, exact in enumerate(prints.exact):
        groups.join(place, first.setdefault(exact, place))
    long = np.flatnonzero(prints.words >= FEWEST_WORDS)
    signatures = prints.signatures[long]
    for band in band_hashes(signatures).T if long.size else ():
        for one, other in _neighbours(band):
            if (signatures[one] == signatures[other]).mean() >= JACCARD:
                groups.join(int(long[one]), int(long[other]))


def _neighbours(hashes: NDArray[np.uint64]) -> Iterable[tuple[int, int]]:
    """Pairs of places with one hash: each with the next."""
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    yield from zip(order[same].tolist(), order[same + 1].tolist(), strict=True)

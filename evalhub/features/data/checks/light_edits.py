"""Rows with one answer whose prompts differ by light edits. Pure.

Of prompts the three-word shingles are compared that at most 5% of the rows have: what a template
brings along counts for nothing. Two rows are alike where these have an estimated Jaccard similarity
of .6 or more (100 MinHash values), and their answers, numbers and negations are the same. Of rows
with one hash of a band only neighbours are compared, so that a large group costs no more than its
rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.ledger.leakage.fingerprints import (
    PERMUTATIONS,
    PLAIN,
    SHINGLE,
    fingerprint,
    minhash_signatures,
)
from evalhub.ledger.leakage.tables import JACCARD, band_hashes, sharing_limit

FEWEST_SHINGLES = 6
"""Of a prompt, beside those of a template: in a shorter one another word is another question."""
MOSTLY = 0.5
"""Share of its shingles that no template brings along, for a prompt to be compared."""
AT_ONCE = 1_000

type Pairs = NDArray[np.int64]


def light_edits(prompts: Sequence[str], keys: NDArray[np.uint64]) -> Pairs:
    """Pairs of places (2, n) of prompts that are alike, of those with equal keys."""
    shingles, counts = _shingles(prompts)
    values, holders = np.unique(shingles, return_counts=True)
    own = holders[np.searchsorted(values, shingles)] <= sharing_limit(len(prompts))
    owners = np.repeat(np.arange(len(prompts)), counts)
    left = np.bincount(owners, own, len(prompts)).astype(np.int64)
    compared = (left >= FEWEST_SHINGLES) & (left >= MOSTLY * counts)
    places = np.flatnonzero(compared)
    if places.size < 2:
        return np.zeros((2, 0), np.int64)
    signatures = minhash_signatures(shingles[own & compared[owners]], left[places])
    pairs = _neighbours(band_hashes(signatures) + keys[places][:, None])
    same = (signatures[pairs[0]] == signatures[pairs[1]]).sum(axis=1)
    alike = pairs[:, same >= JACCARD * PERMUTATIONS]
    equal = keys[places[alike[0]]] == keys[places[alike[1]]]
    return np.asarray(places[alike[:, equal]])


def _shingles(prompts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of all prompts' different shingles, and how many each has."""
    parts: list[NDArray[np.uint64]] = []
    counts: list[NDArray[np.int64]] = []
    for start in range(0, len(prompts), AT_ONCE):
        texts = prompts[start : start + AT_ONCE]
        prints = fingerprint(texts, PLAIN)
        pairs = np.unique(
            np.stack([prints.owners[SHINGLE].astype(np.uint64), prints.grams[SHINGLE]]), axis=1
        )
        parts.append(pairs[1])
        counts.append(np.bincount(pairs[0].astype(np.int64), minlength=len(texts)))
    return np.concatenate(parts), np.concatenate(counts)


def _neighbours(bands: NDArray[np.uint64]) -> Pairs:
    """Pairs that follow on each other among those with an equal hash of a band."""
    pairs = []
    for band in bands.T:
        order = np.argsort(band, kind="stable")
        same = band[order[1:]] == band[order[:-1]]
        pairs.append(np.stack([order[:-1][same], order[1:][same]]))
    return np.unique(np.concatenate(pairs, axis=1), axis=1)

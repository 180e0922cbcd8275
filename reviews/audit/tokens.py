"""Could the arm be told from what a page exposes beside the texts? Pure.

A linear classifier is given every bit of every token and tries, on turns that it hasn't seen,
to say on which side the candidate stands. What it reaches is compared with what it reaches when
the sides are dealt anew.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError

Array = NDArray[np.float64]

FEWEST, MOST = 40, 4000
FOLDS, SHUFFLES = 5, 199
_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class TokensTest:
    """`accuracy` on held-out turns; `p_value` is the share of shuffled sides, the real ones among
    them, with which it was at least as good."""

    turns: int
    features: int
    accuracy: float
    chance: float
    p_value: float


def tokens_test(
    tokens: Sequence[Sequence[str]], on_left: Sequence[bool], *, seed: int = 0
) -> TokensTest:
    """Row i of `tokens` holds the strings that turn i exposed, as many in each row.

    Of more than 4,000 turns a seeded sample is used. Raises StatisticsError for fewer than 40.
    """
    if len(tokens) != len(on_left) or len(tokens) < FEWEST:
        raise StatisticsError(f"{len(tokens)} turns are too few for this: at least {FEWEST}")
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(tokens))[:MOST])
    x = _features([tokens[i] for i in rows])
    y = np.where(np.array(on_left, bool)[rows], 1.0, -1.0)
    shuffled = np.column_stack([y, *(rng.permutation(y) for _ in range(SHUFFLES))])
    folds = rng.permutation(np.arange(y.size) % FOLDS)
    hits = np.zeros(shuffled.shape[1])
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        centre = x[train].mean(axis=0)
        near, far = x[train] - centre, x[test] - centre
        gram = near.T @ near + _RIDGE * y.size / 10 * np.eye(x.shape[1])
        base = shuffled[train].mean(axis=0)
        fit = np.linalg.solve(gram, near.T @ (shuffled[train] - base))
        hits += ((far @ fit + base > 0) == (shuffled[test] > 0)).sum(axis=0)
    accuracy = hits / y.size
    return TokensTest(
        turns=int(y.size),
        features=x.shape[1],
        accuracy=float(accuracy[0]),
        chance=float(accuracy[1:].mean()),
        p_value=float((accuracy >= accuracy[0]).mean()),
    )


def _features(tokens: Sequence[Sequence[str]]) -> Array:
    """Each token's bits by place, and two bytes of its digest; bits that never vary are left out.

    A number (a turn, a key) gives its low bits and what it leaves by 3 and by 6, a hexadecimal
    text (a UUID) four bits a digit, any other text the low six bits of 32 characters.
    """
    columns = [np.stack([_bits(row[i]) for row in tokens]) for i in range(len(tokens[0]))]
    found = np.concatenate(columns, axis=1)
    varying = found.std(axis=0) > 0
    return found[:, varying] if varying.any() else found[:, :1]


def _bits(token: str) -> Array:
    if token.isdigit() and len(token) < 20:
        number = int(token)
        return np.array([*(number >> k & 1 for k in range(16)), number % 3, number % 6], float)
    plain = token.replace("-", "")
    if len(plain) == 32 and all(each in "0123456789abcdef" for each in plain):
        codes, low = np.array([int(each, 16) for each in plain], np.uint8), 4
    else:
        text = plain[:32].ljust(32).encode("latin-1", "replace")
        codes, low = np.frombuffer(text, np.uint8), 6
    bits = np.unpackbits(codes[:, None], axis=1)[:, 8 - low :].ravel()
    digest = np.frombuffer(hashlib.sha256(token.encode()).digest()[:2], np.uint8)
    return np.concatenate([bits, np.unpackbits(digest)]).astype(float)

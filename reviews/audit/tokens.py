"""Tests whether the tokens of pages reveal the candidate's side. Pure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, log1p

import numpy as np

from reviews.audit.check import binomial_p

FIXED = (*range(48, 52), 64, 65)
"""The bits of a random UUID that aren't random: its version and variant (RFC 9562)."""
BITS = 128 - len(FIXED)


@dataclass(frozen=True, slots=True)
class TokensTest:
    """Of all bits the one that goes with the side the most: in how many of the turns, and the
    p-value of that for the best of them all."""

    turns: int
    agreeing: int
    p_value: float


def tokens_test(tokens: Sequence[uuid.UUID], on_left: Sequence[bool]) -> TokensTest:
    """Exact test that no random bit of a turn's token goes with the turn's side.

    Bits that are drawn by fair coins agree with the sides, whatever those are, in a binomial
    number of turns; the bits are independent, so the p-value of the furthest of 122 is
    1 - (1 - p)^122 (Šidák 1967).
    """
    bits = np.unpackbits(
        np.frombuffer(b"".join(each.bytes for each in tokens), np.uint8).reshape(-1, 16), axis=1
    )
    agreeing = (np.delete(bits, FIXED, axis=1) == np.array(on_left)[:, None]).sum(axis=0)
    furthest = int(agreeing[np.argmax(np.abs(2 * agreeing - len(tokens)))])
    p = binomial_p(furthest, len(tokens))
    together = 1.0 if p == 1 else -expm1(BITS * log1p(-p))
    return TokensTest(len(tokens), furthest, together)

"""Each reviewer's own order of the pairs. Pure and seeded.

A permutation that is computed place by place (a Feistel network over the positions, walked
along its cycles where the number of positions isn't a power of two: Black and Rogaway 2002), so
that nothing of the size of a campaign is ever sorted, kept or read.
"""

import hashlib
from collections.abc import Iterator

ROUNDS = 6


def positions(seed: int, reviewer: int, size: int, start: int, stop: int) -> Iterator[int]:
    """The positions at places start … stop-1 of a reviewer's order of 0 … size-1.

    Over all places each position comes once. Another seed or reviewer gives another order.
    """
    bits = max(2, (size - 1).bit_length())
    right_bits = bits // 2
    left_bits = bits - right_bits
    key = hashlib.blake2b(f"order\x1f{seed}\x1f{reviewer}".encode(), digest_size=32).digest()
    for place in range(start, stop):
        value = place
        while True:
            value = _encrypted(key, value, left_bits, right_bits)
            if value < size:
                break
        yield value


def _encrypted(key: bytes, value: int, left_bits: int, right_bits: int) -> int:
    """One pass of an alternating Feistel network over left_bits + right_bits bits."""
    left, right = value >> right_bits, value & ((1 << right_bits) - 1)
    for turn in range(0, ROUNDS, 2):
        left ^= _round(key, turn, right) & ((1 << left_bits) - 1)
        right ^= _round(key, turn + 1, left) & ((1 << right_bits) - 1)
    return left << right_bits | right


def _round(key: bytes, turn: int, half: int) -> int:
    text = turn.to_bytes(1) + half.to_bytes(8)
    return int.from_bytes(hashlib.blake2b(text, key=key, digest_size=8).digest())

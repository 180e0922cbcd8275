"""The digests by which answers and scores are known, whatever file or run they came from. Pure.

Each answer is hashed by itself and the hashes are sorted: neither the order nor the format of a
file counts, and no database has to sort texts. An item is named by its key, which is unique in a
test set; what the item holds has a digest of its own (`evalhub.io.items`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import batched
from typing import Any

from evalhub.io.canonical import canonical_json

SORTED_TOGETHER = 10_000
HASH_BYTES = hashlib.sha256().digest_size


def answers_digest(
    answers: Iterable[tuple[str, int, str | None, str, Sequence[Any] | None]],
) -> str:
    """SHA-256 of what was answered.

    Args:
        answers: (item's key, sample, text, error, tool calls) of each; the text is None where an
            error, which is else empty, stands in its place, and so are calls where none was made.
    """
    return _digest_of_set(
        (*fields, calls) if calls is not None else tuple(fields) for *fields, calls in answers
    )


def scores_digest(scores: Iterable[tuple[str, int, float | None]]) -> str:
    """SHA-256 of the values that one metric gives to answers.

    Args:
        scores: (item's key, sample, value) of each; the value is None where there is no score.
    """
    return _digest_of_set(
        (key, sample, None if value is None else float(value)) for key, sample, value in scores
    )


def _digest_of_set(rows: Iterable[tuple[Any, ...]]) -> str:
    """SHA-256 of the rows' hashes in ascending order, HASH_BYTES of memory each."""
    hashes = (hashlib.sha256(canonical_json(row)).digest() for row in rows)
    parts = [b"".join(sorted(some)) for some in batched(hashes, SORTED_TOGETHER)]
    whole = hashlib.sha256()
    for digest in merge(*map(_hashes_in, parts)):
        whole.update(digest)
    return whole.hexdigest()


def _hashes_in(part: bytes) -> Iterator[bytes]:
    return (part[at : at + HASH_BYTES] for at in range(0, len(part), HASH_BYTES))

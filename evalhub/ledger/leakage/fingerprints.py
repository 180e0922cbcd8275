"""Texts as hashes that can be compared without the texts. No database, no Django.

Every text becomes a hash of the whole, hashes of its runs of words, and a MinHash signature of
its three-word shingles (Broder 1997; the permutations are rensa's).
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

NGRAM = 13
SHORT_NGRAM = 8
SHINGLE = 3
FEWEST_WORDS = 3
PERMUTATIONS = 100
SEED = 42
PLAIN = b""
_AT_ONCE = 4_000

_LENGTHS = (SHINGLE, SHORT_NGRAM, NGRAM)
_ASCII_TOKEN = re.compile(r"[0-9a-z]+|[()\[\]{}+/=<>^|&%~]")
# A character is a word in scripts that write none apart.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_TOKEN = regex.compile(
    rf"{_UNSPACED}\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}]+|[()\[\]{{}}/^&%\p{{Sm}}]",
    regex.VERSION1,
)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Prints:
    """Fingerprints of texts.

    `exact` holds 16 bytes a text. `grams[n]` are the hashes of each text's runs of n words, one
    text after the other, and `owners[n]` says whose they are. `signatures` (texts, 100) are
    MinHash values cut to 16 bits, which tell 1 − J from chance matches of 1 in 65,536; those of
    a text with fewer than three words mean nothing. `words` is 0 where it isn't known.
    """

    words: NDArray[np.int64]
    exact: list[bytes]
    grams: Mapping[int, Hashes]
    owners: Mapping[int, NDArray[np.int64]]
    signatures: NDArray[np.uint16]


def tokens_of(text: str) -> list[str]:
    """The words of a text, with its brackets and mathematical signs.

    Normalised: Unicode NFKC, case folded, without other punctuation. Chinese, Japanese, Thai,
    Lao, Khmer and Burmese, which write without spaces, count a character as a word.
    """
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return [str(token) for token in _TOKEN.findall(folded)]


def words_of(text: str) -> list[str]:
    """The words of a text alone."""
    return _without_signs(tokens_of(text))


def is_brief(text: str) -> bool:
    """Whether a text has words, but too few to be searched for alone."""
    return 0 < len(words_of(text)) < FEWEST_WORDS


def normal_form(text: str) -> str:
    """The text's words, brackets and signs, by which texts are equal."""
    return " ".join(tokens_of(text))


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, also from JSON inside a text, as CSV files have it."""
    match value:
        case str():
            yield from list(texts_of(_parse_json(value))) or [value]
        case dict():
            for part in value.values():
                yield from texts_of(part)
        case list():
            for part in value:
                yield from texts_of(part)


def fingerprint(texts: Sequence[str], salt: bytes = PLAIN) -> Prints:
    """Fingerprint some texts. Only fingerprints with equal salts (at most 16 bytes) can be
    compared."""
    exact: list[bytes] = []
    word_counts = np.zeros(len(texts), np.int64)
    grams: dict[int, list[bytes]] = {n: [] for n in _LENGTHS}
    counts = {n: np.zeros(len(texts), np.int64) for n in _LENGTHS}
    for index, text in enumerate(texts):
        tokens = tokens_of(text)
        joined = " ".join(_without_signs(tokens)).encode()
        nexts = list(accumulate(len(word) + 1 for word in joined.split(b" "))) if joined else []
        starts = [0, *nexts]
        word_counts[index] = len(nexts)
        exact.append(blake2b(" ".join(tokens).encode(), digest_size=16, salt=salt).digest())
        for n in _LENGTHS:
            hashes = b"".join(
                [
                    blake2b(joined[start : after - 1], digest_size=8, salt=salt).digest()
                    for start, after in zip(starts, nexts[n - 1 :], strict=False)
                ]
            )
            grams[n].append(hashes)
            counts[n][index] = len(hashes) // 8
    values = {n: np.frombuffer(b"".join(grams[n]), "<u8") for n in _LENGTHS}
    owners = {n: np.repeat(np.arange(len(texts)), counts[n]) for n in _LENGTHS}
    signatures = minhash_signatures(values[SHINGLE], counts[SHINGLE])
    return Prints(word_counts, exact, values, owners, signatures)


def _without_signs(tokens: list[str]) -> list[str]:
    """Tokens without signs (one character that is no letter, digit or mark)."""
    return [token for token in tokens if len(token) > 1 or token.isalnum()]


def _parse_json(text: str) -> Any:
    """The value of a text that is JSON; None for any other text."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def minhash_signatures(shingles: Hashes, counts: NDArray[np.int64]) -> NDArray[np.uint16]:
    from rensa import RMinHash

    if not counts.size:
        return np.zeros((0, PERMUTATIONS), np.uint16)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    signatures = np.empty((counts.size, PERMUTATIONS), np.uint16)
    # some at once: rensa returns Python's numbers, which take twenty times the memory
    for start in range(0, counts.size, _AT_ONCE):
        some = offsets[start : start + _AT_ONCE + 1]
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            np.ascontiguousarray(shingles[some[0] : some[-1]], np.uint64),
            (some - some[0]).astype(np.uint64),
            PERMUTATIONS,
            SEED,
        )
        signatures[start : start + _AT_ONCE] = np.array(matrix.to_rows(), np.uint32)
    return signatures

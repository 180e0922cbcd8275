"""Near-copies of test sets' items: the same question in almost the same words. Pure.

Of two texts the words are compared, without courtesies ("please"). They are near-copies where

- their numbers, signs between numbers and negations are the same, in the same order;
- of the words that at most 5% of either set's items have, three-word shingles have a Jaccard
  similarity of .8 or more, and so do the words, of which one that up to half of the items have
  counts where it differs. What more than half have (an instruction, a template) counts for nothing;
- all words together have a similarity of .8, or one text holds the other's words in their order: so
  "the capital of France" isn't "the currency of France", though every item says "capital". Without
  a word that at most 5% have, one text must hold the other's words, and beside them only words that
  the other set nowhere has.

Pairs are looked for by locality-sensitive hashing as leakage is (evalhub.ledger.leakage.matching).
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from evalhub.io.spelling import fold
from evalhub.ledger.leakage.fingerprints import (
    PERMUTATIONS,
    SHINGLE,
    Hashes,
    minhash_signatures,
    tokens_of,
)
from evalhub.ledger.leakage.tables import HashTable, Index, band_hashes, sharing_limit

SIMILAR = 0.8
_CANDIDATE = 0.7
"""Estimated similarity from which a pair is compared exactly: three errors of 100 values below."""
_MOST_TRIED = 50
"""Items with the same hash that one is compared with."""
_COURTESIES = frozenset(
    {"please", "kindly", "pls", "plz", "hello", "hi", "hey", "dear", "thanks", "thank", "bitte"}
)
_CONTRACTED = re.compile(r"n['’`]t\b")
# A number; a minus before one; a sign between two, brackets aside.
_NUMBERS = re.compile(
    r"\d+(?:[.,]\d+)*|(?<![\w)])-(?=\d)|(?<=[\d)])\s*[-+*/×÷·=<>≤≥^%](?=\s*[-(]?\s*\d)"
)
_LEFT_OUT = -1
_AT_ONCE = 4_000
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)

Mask = NDArray[np.bool_]


@cache
def _negations() -> frozenset[str]:
    """Negations in English, German, French, Spanish, Portuguese, Italian, Dutch, Russian and
    Chinese."""
    lists = (
        "not no never none nor neither without cannot except unless nothing nobody",
        "nicht kein keine keinen keiner nie ohne ne pas jamais sans nunca sin não sem",
        "non mai niet geen не нет ни никогда без",
    )
    return frozenset(fold(word) for word in " ".join(lists).split()) | frozenset("不没沒無无")


@dataclass(frozen=True, slots=True)
class ItemWords:
    """The words of a set's items.

    Attributes:
        words: hashes of the different words.
        items_with: by word, how many items have it.
        codes: of all items, one after the other, each word's place in `words`.
        starts: where each item's begin, and where the last one's end.
        orders: by item, a hash of its numbers, signs and negations in order.
    """

    words: Hashes
    items_with: Index
    codes: NDArray[np.intc]
    starts: Index
    orders: Hashes

    @classmethod
    def of(cls, texts: Iterable[str]) -> "ItemWords":
        vocabulary, codes = _Vocabulary(), array("i")
        starts, orders = [0], list[int]()
        for text in texts:
            plain = fold(text)
            if "n" in plain:
                plain = _CONTRACTED.sub(" not", plain)
            word_ids = [vocabulary[word] for word in tokens_of(plain)]
            codes.extend(word_id for word_id in word_ids if word_id != _LEFT_OUT)
            starts.append(len(codes))
            negations = [
                vocabulary.hashes[word_id]
                for word_id in word_ids
                if word_id in vocabulary.negations
            ]
            numbers = [each.strip() for each in _NUMBERS.findall(plain)]
            orders.append(_hash(f"{numbers} {negations}".encode()))
        flat, ends = np.frombuffer(codes, np.intc), np.array(starts, np.int64)
        items_with = np.zeros(len(vocabulary.hashes), np.int64)
        for block in _blocks(np.arange(len(orders))):
            first, after = block[0], block[-1] + 1
            owners = np.repeat(block, np.diff(ends[first : after + 1]))
            count = max(items_with.size, 1)
            pairs = _distinct(owners * count + flat[ends[first] : ends[after]])
            items_with += np.bincount(pairs % count, minlength=items_with.size)
        return cls(
            words=np.array(vocabulary.hashes, np.uint64),
            items_with=items_with,
            codes=flat,
            starts=ends,
            orders=np.array(orders, np.uint64),
        )

    @property
    def items(self) -> int:
        return self.orders.size

    def of_item(self, item: int) -> list[int]:
        """Hashes of the item's words, in order."""
        codes = self.codes[self.starts[item] : self.starts[item + 1]]
        hashes: list[int] = self.words[codes].tolist()
        return hashes

    def wholes(self) -> list[tuple[int, int] | None]:
        """By item, a key that is equal for equal words, numbers and negations in order; None for an
        item without any."""
        orders = self.orders.tolist()
        ends = self.starts.tolist()
        content = self.words[self.codes].tobytes()
        return [
            (orders[item], _hash(content[8 * ends[item] : 8 * ends[item + 1]]))
            if ends[item] < ends[item + 1] or orders[item] != _NO_ORDER
            else None
            for item in range(self.items)
        ]


def copies_between(new: ItemWords, old: ItemWords) -> list[int]:
    """Indices of items in `new` that are near-copies of items in `old`, matched one to one."""
    mine, theirs = new.wholes(), old.wholes()
    left = defaultdict(list)
    for item, whole in enumerate(theirs):
        left[whole].append(item)
    left.pop(None, None)
    copies, unmatched = set[int](), list[int]()
    for item, whole in enumerate(mine):
        if whole is None:
            continue
        if left.get(whole):
            left[whole].pop()
            copies.add(item)
        else:
            unmatched.append(item)
    free = {item for items in left.values() for item in items}
    sides = _Sides(new, old)
    pairs = sides.pairs(np.array(unmatched, np.int64), np.array(sorted(free), np.int64))
    for item, other, _ in sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1])):
        if item not in copies and other in free:
            copies.add(item)
            free.remove(other)
    return sorted(copies)


def copies_within(item_words: ItemWords) -> list[int]:
    """Indices of items that are near-copies of an earlier item."""
    return [item for item, first in enumerate(copy_groups(item_words)) if first != item]


def copy_groups(item_words: ItemWords) -> list[int]:
    """By item, the first of the items that it is a near-copy of, directly or by others between; of
    an item that is like no earlier one itself."""
    groups = list(range(item_words.items))

    def root(item: int) -> int:
        while groups[item] != item:
            groups[item] = groups[groups[item]]
            item = groups[item]
        return item

    first: dict[tuple[int, int], int] = {}
    for item, whole in enumerate(item_words.wholes()):
        if whole is not None:
            groups[item] = first.setdefault(whole, item)
    distinct = np.array(sorted(first.values()), np.int64)
    for item, other, _ in _Sides(item_words, item_words).pairs(distinct, distinct):
        one, two = sorted((root(item), root(other)))
        groups[two] = one
    return [root(item) for item in range(item_words.items)]


class _Sides:
    """Two sets of items, and what their words say in both."""

    def __init__(self, new: ItemWords, old: ItemWords) -> None:
        self.new, self.old = new, old
        self.same = new is old
        rare, common = _classes(new, old)
        self.sides = [(each, np.isin(each.words, rare)[each.codes]) for each in (new, old)]
        self.rare, self.common = set(rare.tolist()), set(common.tolist())
        self.mine, self.theirs = set(new.words.tolist()), set(old.words.tolist())

    def pairs(self, mine: Index, theirs: Index) -> Iterator[tuple[int, int, float]]:
        """(item, item of the other set, similarity) of near-copies among these items."""
        for item, other in self._candidates(mine, theirs):
            similarity = self._similarity(item, other)
            if similarity >= SIMILAR:
                yield item, other, similarity

    def _candidates(self, mine: Index, theirs: Index) -> Iterator[tuple[int, int]]:
        (new, of_new), (old, of_old) = self.sides
        one = two = _Shingles.of(new, of_new, mine)
        if self.same:
            mask = one.with_most_in(_again(np.sort(one.values)))
            yield from self._by_bands(mine[mask], one.signatures(mask), mine[mask], None)
        else:
            two = _Shingles.of(old, of_old, theirs)
            shared = _again(np.sort(np.concatenate([one.distinct(), two.distinct()])))
            mask, others = one.with_most_in(shared), two.with_most_in(shared)
            yield from self._by_bands(
                mine[mask], one.signatures(mask), theirs[others], two.signatures(others)
            )
        # Without a rare word: by what is left without the words that nearly all items have.
        by_middle = defaultdict[tuple[int, ...], list[int]](list)
        for other in theirs[two.counts == 0].tolist():
            tried = by_middle[self._middle(self.old, other)]
            if len(tried) < _MOST_TRIED:
                tried.append(other)
        for item in mine[one.counts == 0].tolist():
            for other in by_middle.get(self._middle(self.new, item), ()):
                if not self.same or other < item:
                    yield item, other

    def _by_bands(
        self,
        mine: Index,
        signatures: NDArray[np.uint16],
        theirs: Index,
        others: NDArray[np.uint16] | None,
    ) -> Iterator[tuple[int, int]]:
        others = signatures if others is None else others
        if not mine.size or not theirs.size:
            return
        bands = band_hashes(signatures) + self.new.orders[mine][:, None]
        other_bands = band_hashes(others) + self.old.orders[theirs][:, None]
        table = HashTable.of(
            other_bands.ravel(), np.repeat(np.arange(theirs.size), other_bands.shape[1])
        )
        table = _limit_parts(table)
        cells, other_rows, _ = table.hits(bands.ravel())
        pairs = np.stack(
            np.divmod(_distinct(cells // bands.shape[1] * theirs.size + other_rows), theirs.size)
        )
        if self.same:
            pairs = pairs[:, pairs[0] > pairs[1]]
        alike = (signatures[pairs[0]] == others[pairs[1]]).sum(axis=1) >= _CANDIDATE * PERMUTATIONS
        yield from zip(
            mine[pairs[0][alike]].tolist(), theirs[pairs[1][alike]].tolist(), strict=True
        )

    def _middle(self, side: ItemWords, item: int) -> tuple[int, ...]:
        telling = (word for word in side.of_item(item) if word not in self.common)
        return int(side.orders[item]), *telling

    def _similarity(self, item: int, other: int) -> float:
        """Similarity of two items; 0 where they differ in something that makes them no
        near-copies."""
        mine, theirs = self.new.of_item(item), self.old.of_item(other)
        one, two = {*mine}, {*theirs}
        contained = _holds(mine, theirs) or _holds(theirs, mine)
        if not contained and _jaccard(one, two) < SIMILAR:
            return 0.0
        rare = [[word for word in side if word in self.rare] for side in (mine, theirs)]
        differing = len(((one - two) | (two - one)) - self.common)
        if not rare[0] or not rare[1]:
            added = (one - two) & self.theirs | (two - one) & self.mine
            return 1.0 if contained and not differing and not added else 0.0
        shared = len({*rare[0]} & {*rare[1]})
        return min(_jaccard(*map(_shingles, rare)), shared / (shared + differing))


def _classes(new: ItemWords, old: ItemWords) -> tuple[Hashes, Hashes]:
    """The words that are rare in both sets, and those that more than half of either have."""
    rare, common = list[Hashes](), list[Hashes]()
    for side in (new, old):
        rare.append(side.words[side.items_with > sharing_limit(side.items)])
        common.append(side.words[2 * side.items_with > max(side.items, 4)])
    shared = np.union1d(*rare)
    return np.setdiff1d(np.union1d(new.words, old.words), shared), np.union1d(*common)


@dataclass(frozen=True, slots=True)
class _Shingles:
    """Hashes of the rare words' three-word shingles of some items, one item after the other; of
    fewer than three rare words all are one shingle. `counts` is 0 for an item without any."""

    values: Hashes
    counts: Index

    @classmethod
    def of(cls, side: ItemWords, rare: Mask, items: Index) -> "_Shingles":
        parts = [cls._of_block(side, rare, block) for block in _blocks(items)]
        return cls(
            np.concatenate([np.zeros(0, np.uint64), *(part.values for part in parts)]),
            np.concatenate([np.zeros(0, np.int64), *(part.counts for part in parts)]),
        )

    @classmethod
    def _of_block(cls, side: ItemWords, rare: Mask, items: Index) -> "_Shingles":
        first, after = items[0], items[-1] + 1
        within = slice(side.starts[first], side.starts[after])
        owners = np.repeat(np.arange(after - first), np.diff(side.starts[first : after + 1]))
        wanted = np.zeros(after - first, bool)
        wanted[items - first] = True
        mask = rare[within] & wanted[owners]
        owners, hashes = owners[mask], side.words[side.codes[within][mask]]
        count = np.bincount(owners, minlength=wanted.size)
        values = hashes * _MIX[0]
        whole = np.zeros(owners.size, bool)
        for step in range(1, min(SHINGLE, owners.size)):
            same = owners[step:] == owners[:-step]
            values[:-step] += np.where(same, hashes[step:], 0) * _MIX[step]
            if step == SHINGLE - 1:
                whole[:-step] = same
        values ^= values >> np.uint64(29)
        starts = np.r_[True, owners[1:] != owners[:-1]] if owners.size else whole
        used = whole | (starts & (count[owners] < SHINGLE))
        return cls(values[used], np.bincount(owners[used], minlength=wanted.size)[wanted])

    def distinct(self) -> Hashes:
        return _distinct(self.values)

    def with_most_in(self, others: Hashes) -> Mask:
        """Mask of items with enough shingles in `others` (sorted) to be similar to their items."""
        ends = np.r_[0, np.cumsum(self.counts)]
        padded = np.r_[others, np.uint64(0)]
        mask = self.counts > 0
        for block in _blocks(np.arange(self.counts.size)):
            counts = self.counts[block]
            values = self.values[ends[block[0]] : ends[block[-1] + 1]]
            slots = np.searchsorted(others, values)
            equal = (padded[slots] == values) & (slots < others.size)
            owners = np.repeat(np.arange(block.size), counts)
            mask[block] &= np.bincount(owners, equal, block.size) >= SIMILAR * counts
        return mask

    def signatures(self, mask: Mask) -> NDArray[np.uint16]:
        """MinHash signatures of the items in `mask`."""
        return minhash_signatures(self.values[np.repeat(mask, self.counts)], self.counts[mask])


def _blocks(items: Index) -> Iterator[Index]:
    """The items, in order, a few thousand at once: what is made of each word takes memory."""
    return (items[start : start + _AT_ONCE] for start in range(0, items.size, _AT_ONCE))


def _again(ordered: Hashes) -> Hashes:
    """Values that occur at least twice."""
    return np.asarray(ordered[1:][ordered[1:] == ordered[:-1]])


def _limit_parts(table: HashTable) -> HashTable:
    """The table with at most as many parts of each hash as are tried."""
    first = np.searchsorted(table.values, table.values, "left")
    mask = np.arange(table.values.size) - first < _MOST_TRIED
    return HashTable(table.values[mask], table.parts[mask])


class _Vocabulary(dict[str, int]):
    """By word or sign its place in `hashes`; _LEFT_OUT of one that isn't compared."""

    def __init__(self) -> None:
        super().__init__()
        self.hashes: list[int] = []
        self.negations: set[int] = set()

    def __missing__(self, word: str) -> int:
        word_id = _LEFT_OUT
        if word not in _COURTESIES and not word.isdecimal():
            word_id = len(self.hashes)
            self.hashes.append(crc32(word.encode()))
            if word in _negations():
                self.negations.add(word_id)
        self[word] = word_id
        return word_id


def _distinct[T: (np.int64, np.uint64)](values: NDArray[T]) -> NDArray[T]:
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if ordered.size else ordered


def _hash(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


_NO_ORDER = _hash(b"[] []")


def _holds(longer: Sequence[int], shorter: Sequence[int]) -> bool:
    """Whether one list of words contains the other as a subsequence."""
    rest = iter(longer)
    return len(longer) >= len(shorter) and all(word in rest for word in shorter)


def _shingles(word_hashes: Sequence[int]) -> set[tuple[int, ...]]:
    last = max(1, len(word_hashes) - SHINGLE + 1)
    return {tuple(word_hashes[start : start + SHINGLE]) for start in range(last)}


def _jaccard[T](one: set[T], two: set[T]) -> float:
    return len(one & two) / len(one | two) if one or two else 1.0

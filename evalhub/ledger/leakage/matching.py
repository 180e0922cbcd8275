"""Is a test set in the training data? Found by hashes alone. No database, no Django.

An item has leaked where one of its texts (each message of its input but the system's, each of
its references) is in the training data in one of three ways:

- exact: a training text is the same, after normalisation, with its brackets and signs;
- n-gram: a training text shares a run of 13 words with it (Brown et al. 2020, appendix C), or
  holds the whole of a text of 8 to 12 words;
- near-duplicate: the three-word shingles of the two have a Jaccard similarity of .6 or more,
  estimated from 100 MinHash values. Pairs are found by locality-sensitive hashing in 20 bands
  of 5 rows: a pair of similarity s is looked at with chance 1 − (1 − s⁵)²⁰, which is .99964 at
  .8.

An item whose input has one word or two has leaked where a training row holds the input and one of
its references, each as a whole text of its own; without a reference, where it holds the two words.
A file of fingerprints knows no text so short.

What many items share (an instruction, a template) is no evidence against any of them. Texts and
runs of words in more than 5% of the items, and in more than two, are ignored; so are runs of 13
words with 8 that are shared so, and a text that is for the most part made of shared shingles
isn't compared as a near-duplicate.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.io.tools import message_text
from evalhub.ledger.leakage.brief import BriefItem, BriefItems
from evalhub.ledger.leakage.fingerprints import (
    FEWEST_WORDS,
    NGRAM,
    PERMUTATIONS,
    PLAIN,
    SHINGLE,
    SHORT_NGRAM,
    Hashes,
    Prints,
    fingerprint,
    texts_of,
)
from evalhub.ledger.leakage.result import Leakage, LeakageMatch
from evalhub.ledger.leakage.tables import (
    BANDS,
    JACCARD,
    HashTable,
    Index,
    band_hashes,
    sharing_limit,
)
from evalhub.ledger.leakage.training import Progress, Training, TrainingBatch

_MOSTLY = 0.5
_BATCH_CHARACTERS = 500_000
_HOWS = ("exact", "near-duplicate", "n-gram")


@dataclass(frozen=True, slots=True)
class ItemTexts:
    """The texts of an item to search for: `parts` are ("input" or "reference", text)."""

    key: str
    parts: tuple[tuple[str, str], ...]


def item_texts(key: str, input_: Any, references: Sequence[Any]) -> ItemTexts:
    """The texts of an item's input, without system messages, and of its references."""
    if isinstance(input_, list):
        content = [message_text(each) for each in input_ if each["role"] != "system"]
    else:
        content = [input_]
    inputs = [("input", text) for text in texts_of(content)]
    return ItemTexts(key, (*inputs, *(("reference", text) for text in texts_of([*references]))))


def find_leakage(
    training: Training, *test_sets: Iterable[ItemTexts], progress: Progress | None = None
) -> list[Leakage]:
    """Search the training data for the items of each test set, in one pass.

    The items' hashes are held in memory (up to 20 kB an item of a hundred words); the training
    data stream by. Raises DataError as reading the training data does.
    """
    search = LeakageSearch(*test_sets, read=training.read, salt=training.salt)
    for batch in training.batches:
        search.see(batch)
        if progress and batch.lines.size:
            progress(int(batch.lines[-1]))
    return search.results()


class LeakageSearch:
    """A search of training data for the items of test sets, one batch after the other."""

    def __init__(
        self,
        *test_sets: Iterable[ItemTexts],
        read: Literal["data", "hashes"] = "data",
        salt: bytes = PLAIN,
    ) -> None:
        """`read` and `salt` are the training data's."""
        texts_known = read == "data"
        self._read: Literal["data", "hashes"] = read
        self._test_sets = [
            SoughtItems.of(items, salt, texts_known=texts_known) for items in test_sets
        ]
        self._best: list[dict[tuple[int, str], LeakageMatch]] = [{} for _ in self._test_sets]
        self._rows = self._texts = 0

    def see(self, batch: TrainingBatch) -> list[dict[int, float]]:
        """Searches a batch. For each test set, the lines of the texts that hold something of it,
        each with the largest share of a match (`LeakageMatch.share`)."""
        self._rows += batch.rows
        self._texts += batch.lines.size
        lines: list[dict[int, float]] = [{} for _ in self._test_sets]
        for number, (test_set, best) in enumerate(zip(self._test_sets, self._best, strict=True)):
            for part, match in test_set.matches(batch):
                shares = lines[number]
                shares[match.line] = max(match.share, shares.get(match.line, 0.0))
                key = test_set.items[part], match.part
                if key not in best or rank_of(match) < rank_of(best[key]):
                    best[key] = match
        return lines

    def results(self) -> list[Leakage]:
        """What was found so far of each test set."""
        return [
            Leakage(
                read=self._read,
                rows=self._rows,
                texts=self._texts,
                items=len(test_set.keys),
                too_short=test_set.too_short,
                shared_by=test_set.shared_by,
                leaked=_by_item(test_set.keys, best),
            )
            for test_set, best in zip(self._test_sets, self._best, strict=True)
        ]


def _by_item(
    keys: Sequence[str], matches: Mapping[tuple[int, str], LeakageMatch]
) -> dict[str, list[LeakageMatch]]:
    leaked: dict[str, list[LeakageMatch]] = {}
    for (item, _), match in sorted(matches.items()):
        leaked.setdefault(keys[item], []).append(match)
    return leaked


def rank_of(match: LeakageMatch) -> tuple[int, float, int]:
    """Sort key of a match, smaller is stronger: method, then share, then earlier line."""
    kind = "n-gram" if match.how.endswith("gram") else match.how
    return _HOWS.index(kind), -match.share, match.line


@dataclass(frozen=True, slots=True)
class SoughtItems:
    """A test set's items, their parts in tables to search training texts for."""

    keys: list[str]
    items: list[int]
    names: list[str]
    words: Index
    sought: Index
    signatures: NDArray[np.uint16]
    exact: HashTable
    wholes: list[bytes]
    long: HashTable
    short: HashTable
    bands: HashTable
    shared_by: int
    too_short: int
    brief: BriefItems

    @classmethod
    def of(cls, items: Iterable[ItemTexts], salt: bytes, *, texts_known: bool) -> "SoughtItems":
        """`texts_known`: items of one word or two can be found only in the texts themselves."""
        keys, owners, names, prints, few_words = _read_items(items, salt)
        items_of = np.array(owners, np.int64)
        limit = sharing_limit(len(keys))
        word_counts = prints.words
        input_ = np.array([name == "input" for name in names], bool)
        whole = _heads(prints.exact)
        everything = np.arange(word_counts.size)
        common = _frequent(whole, items_of, limit)
        fit = np.where(input_, word_counts >= FEWEST_WORDS, word_counts >= SHORT_NGRAM)
        fit &= ~np.isin(whole, common)
        shared = {
            n: np.isin(
                prints.grams[n], _frequent(prints.grams[n], items_of[prints.owners[n]], limit)
            )
            for n in (SHINGLE, SHORT_NGRAM, NGRAM)
        }
        long = _table(prints, NGRAM, ~(shared[NGRAM] | _holding(shared[SHORT_NGRAM], prints)))
        brief = (word_counts >= SHORT_NGRAM) & (word_counts < NGRAM)
        short = _table(
            prints, SHORT_NGRAM, ~shared[SHORT_NGRAM] & brief[prints.owners[SHORT_NGRAM]]
        )
        every = np.bincount(prints.owners[SHINGLE], minlength=word_counts.size)
        own = np.bincount(prints.owners[SHINGLE], ~shared[SHINGLE], word_counts.size)
        alike = (word_counts >= SHORT_NGRAM) & (own > _MOSTLY * every)
        gram_counts = np.bincount(long.parts, minlength=word_counts.size)
        gram_counts += np.bincount(short.parts, minlength=word_counts.size)
        seen = np.zeros(len(keys), bool)
        seen[items_of[fit | alike | (gram_counts > 0)]] = True
        few = few_words.without_common(limit) if texts_known else []
        seen[[owners[each.part] for each in few]] = True
        bands = band_hashes(prints.signatures[alike])
        return cls(
            keys=keys,
            items=owners,
            names=names,
            words=word_counts,
            sought=gram_counts,
            signatures=prints.signatures,
            exact=HashTable.of(whole[fit], everything[fit]),
            wholes=prints.exact,
            long=long,
            short=short,
            bands=HashTable.of(bands.ravel(), np.repeat(everything[alike], BANDS)),
            shared_by=limit,
            too_short=int(np.count_nonzero(~seen)),
            brief=BriefItems(few),
        )

    def matches(self, batch: TrainingBatch) -> Iterator[tuple[int, LeakageMatch]]:
        """Each part of an item that a text of the batch holds, with how."""
        prints, lines = batch.prints, batch.lines.tolist()
        for text, part in self._exact(prints):
            yield (
                part,
                LeakageMatch(part=self.names[part], how="exact", line=lines[text], share=1.0),
            )
        for line, part in self.brief.matches_in(batch):
            yield part, LeakageMatch(part=self.names[part], how="exact", line=line, share=1.0)
        for text, part, share in self._ngrams(prints):
            how = f"{min(NGRAM, int(self.words[part]))}-gram"
            yield part, LeakageMatch(part=self.names[part], how=how, line=lines[text], share=share)
        for text, part, similarity in self._near(prints):
            yield (
                part,
                LeakageMatch(
                    part=self.names[part], how="near-duplicate", line=lines[text], share=similarity
                ),
            )

    def _exact(self, prints: Prints) -> Iterator[tuple[int, int]]:
        texts, parts, _ = self.exact.hits(_heads(prints.exact))
        for text, part in zip(texts.tolist(), parts.tolist(), strict=True):
            if prints.exact[text] == self.wholes[part]:
                yield text, part

    def _ngrams(self, prints: Prints) -> Iterator[tuple[int, int, float]]:
        for n, table in ((NGRAM, self.long), (SHORT_NGRAM, self.short)):
            grams, _, slots = table.hits(prints.grams[n])
            # A run that a text has twice counts once.
            pairs = np.unique(np.stack([prints.owners[n][grams], slots]), axis=1)
            hits, counts = np.unique(
                np.stack([pairs[0], table.parts[pairs[1]]]), axis=1, return_counts=True
            )
            for (text, part), count in zip(hits.T.tolist(), counts.tolist(), strict=True):
                share = count / int(self.sought[part])
                if n == NGRAM or share == 1:
                    yield text, part, share

    def _near(self, prints: Prints) -> Iterator[tuple[int, int, float]]:
        bands = band_hashes(prints.signatures)
        cells, parts, _ = self.bands.hits(bands.ravel())
        pairs = np.unique(np.stack([cells // BANDS, parts]), axis=1)
        same = prints.signatures[pairs[0]] == self.signatures[pairs[1]]
        similarity = same.sum(axis=1) / PERMUTATIONS
        close = similarity >= JACCARD
        yield from zip(
            pairs[0][close].tolist(), pairs[1][close].tolist(), similarity[close].tolist(),
            strict=True,
        )  # fmt: skip


def _read_items(
    items: Iterable[ItemTexts], salt: bytes
) -> tuple[list[str], list[int], list[str], Prints, BriefItems]:
    """Keys of the items; of each part its item, its name and, all together, its prints; the items
    whose input is short."""
    keys: list[str] = []
    owners: list[int] = []
    names: list[str] = []
    batches: list[Prints] = []
    texts: list[str] = []
    size = 0
    brief: list[BriefItem] = []
    for item in items:
        if (short := BriefItem.of(item.parts, len(owners))) is not None:
            brief.append(short)
        for name, text in dict.fromkeys(item.parts):
            owners.append(len(keys))
            names.append(name)
            texts.append(text)
            size += len(text)
        keys.append(item.key)
        if size >= _BATCH_CHARACTERS:
            batches.append(fingerprint(texts, salt))
            texts, size = [], 0
    batches.append(fingerprint(texts, salt))
    return keys, owners, names, _join(batches), BriefItems(brief)


def _join(prints: Sequence[Prints]) -> Prints:
    starts = np.cumsum([0, *(len(each.exact) for each in prints)])[:-1]
    lengths = (SHINGLE, SHORT_NGRAM, NGRAM)
    return Prints(
        words=np.concatenate([each.words for each in prints]),
        exact=[whole for each in prints for whole in each.exact],
        grams={n: np.concatenate([each.grams[n] for each in prints]) for n in lengths},
        owners={
            n: np.concatenate(
                [each.owners[n] + start for each, start in zip(prints, starts, strict=True)]
            )
            for n in lengths
        },
        signatures=np.concatenate([each.signatures for each in prints]),
    )


def _heads(exact: Sequence[bytes]) -> Hashes:
    """The first half of each whole text's hash, to search by."""
    return np.frombuffer(b"".join(whole[:8] for whole in exact), "<u8")


def _frequent(values: Hashes, items: Index, limit: int) -> Hashes:
    """Hashes that more than `limit` items have."""
    table = HashTable.of(values, items)
    distinct, counts = np.unique(table.values, return_counts=True)
    return np.asarray(distinct[counts > limit])


def _table(prints: Prints, n: int, mask: NDArray[np.bool_]) -> HashTable:
    return HashTable.of(prints.grams[n][mask], prints.owners[n][mask])


def _holding(shared: NDArray[np.bool_], prints: Prints) -> NDArray[np.bool_]:
    """Mask of the runs of 13 words that contain a `shared` run of 8, so that they end in a
    template."""
    parts = np.arange(prints.words.size)
    longer, shorter = prints.owners[NGRAM], prints.owners[SHORT_NGRAM]
    first_longer, first_shorter = np.searchsorted(longer, parts), np.searchsorted(shorter, parts)
    start = np.arange(longer.size) + (first_shorter - first_longer)[longer]
    until = np.r_[0, np.cumsum(shared)]
    return np.asarray(until[start + NGRAM - SHORT_NGRAM + 1] > until[start])

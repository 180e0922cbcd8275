"""Search over the documents, in memory: sections with every word of the query, ignoring words that
are nearly everywhere.

Ranked by BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75), a word of a heading counting as
five of the text.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from evalhub.documents import documents
from evalhub.documents.layout import DocumentHeading, laid_out

MOST = 30  # sections in a result
MOST_WORDS = 12  # words of a query
_COMMON = 1 / 3  # share of sections: a word in so many distinguishes none
_AROUND = 110  # characters shown on each side of the first word found
_HEADING = 5
_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class FoundSection:
    """A section that matches a search. `pieces` are its words around the first match, each with
    whether it matches."""

    document: str
    title: str
    heading: DocumentHeading
    pieces: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class _Entry:
    document: str
    title: str
    heading: DocumentHeading
    words: str
    counts: Counter[str]
    length: int


def search(query: str) -> list[FoundSection]:
    """Sections in which every word of `query` begins some word, best first, at most `MOST`."""
    terms = _tokens(query)[:MOST_WORDS]
    if not terms:
        return []
    entries, average = _index()
    counts_by_term = [[(entry, _occurrences(entry, word)) for entry in entries] for word in terms]
    share = [sum(count > 0 for _, count in each) / len(entries) for each in counts_by_term]
    telling = [n for n in range(len(counts_by_term)) if share[n] <= _COMMON] or range(
        len(counts_by_term)
    )
    scores = [0.0] * len(entries)
    for counts in (counts_by_term[n] for n in telling):
        having = sum(count > 0 for _, count in counts)
        rare = math.log(1 + (len(entries) - having + 0.5) / (having + 0.5))
        for n, (entry, count) in enumerate(counts):
            saturated = count + _K1 * (1 - _B + _B * entry.length / average)
            scores[n] += rare * count * (_K1 + 1) / saturated if count else -math.inf
    ranked = sorted(range(len(entries)), key=lambda n: -scores[n])
    return [_excerpt(entries[n], terms) for n in ranked[:MOST] if scores[n] > 0]


@cache
def _index() -> tuple[list[_Entry], float]:
    """Every section of every document, and their average length in words."""
    entries = list(_entries())
    return entries, sum(entry.length for entry in entries) / len(entries)


def _entries() -> Iterator[_Entry]:
    for document in documents().values():
        for section in laid_out(document).sections:
            counts = Counter(_tokens(section.words))
            for word in _tokens(section.heading.text):
                counts[word] += _HEADING
            yield _Entry(
                document.name, document.title, section.heading, section.words, counts,
                counts.total(),
            )  # fmt: skip


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _occurrences(entry: _Entry, word: str) -> int:
    """How often a section has the word or one that begins with it."""
    return sum(count for each, count in entry.counts.items() if each.startswith(word))


def _excerpt(entry: _Entry, terms: Sequence[str]) -> FoundSection:
    marks = re.compile(rf"\b({'|'.join(map(re.escape, terms))})", re.IGNORECASE)
    first = marks.search(entry.words)
    middle = first.start() if first else 0
    start = max(0, entry.words.rfind(" ", 0, max(0, middle - _AROUND)) + 1) if middle else 0
    excerpt = entry.words[start : middle + 2 * _AROUND].rsplit(" ", 1)[0]
    text = ("… " if start else "") + excerpt + " …"
    pieces = [(piece, n % 2 == 1) for n, piece in enumerate(marks.split(text)) if piece]
    return FoundSection(entry.document, entry.title, entry.heading, pieces)

"""How well the text alone tells which of two answers is whose, and by what. Pure and seeded.

Nobody needs a model's name who can tell its answers by their looks. A plain classifier is given
what a reader could go by, is told whose answers are whose in nine tenths of the items, and says it
of the rest: what it reaches, a person could come to.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.forced_choice import DRAWS, ForcedChoice, forced_choice
from reviews.text_features import (
    LENGTHS,
    MORE_TITLES,
    YES_NO,
    Codes,
    TextFeatures,
    TextReader,
    letters_title,
    more_of,
)

FEWEST = 12
"""Clusters below which nothing can be told from chance at the audit's level."""
MOST = 1000
"""Items of which it is measured, at most."""
SELDOM, FREQUENT = 6, 400
"""A word or three letters must set the answers of so many pairs apart to be looked at, and so many
of each kind are, at most."""
PLAINNESS = (1.0, 1.0, 0.75)
"""Of two features that are as clear, which to name: looks, then words, then letters."""
ALIKE = 0.8
"""Features whose differences correlate so much are named once."""
TOLD = "told_apart"
"""The key of it in the event by which a review was opened."""
NAMED = 6
"""Features that are named, at most."""
TELLS = 0.75
"""Pairs told apart, as a share, above which arms don't count as looking alike."""


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """The two answers to an item as a reviewer sees them. Items of one cluster are alike."""

    item: str
    cluster: str
    baseline: str
    candidate: str


@dataclass(frozen=True, slots=True)
class TellingFeature:
    """What goes with an arm: in how many pairs each arm's answer has it (or has more of it)."""

    title: str
    candidate: int
    baseline: int
    pairs: int

    def __str__(self) -> str:
        return (
            f"{self.title}: {self.candidate} of {self.pairs} of the candidate's, "
            f"{self.baseline} of {self.pairs} of the baseline's"
        )


@dataclass(frozen=True, slots=True)
class Telling:
    """How well text alone tells two arms apart. `choice` is None where the pairs are too few."""

    pairs: int
    clusters: int
    choice: ForcedChoice | None
    features: tuple[TellingFeature, ...]

    @property
    def apart(self) -> bool:
        """Whether it tells them apart better than chance, at the usual two-sided 5%."""
        return self.choice is not None and self.choice.p <= 0.05

    @property
    def alike(self) -> bool:
        """Whether what was measured rules out that three of four pairs are told apart."""
        return self.choice is not None and not self.apart and self.choice.upper <= TELLS

    def __str__(self) -> str:
        if self.choice is None:
            of_clusters = f" in {self.clusters} clusters" if self.clusters < self.pairs else ""
            return f"{self.pairs} pairs{of_clusters} are too few to tell (fewer than {FEWEST})"
        of = self.choice
        return (
            f"text alone tells which answer is whose in {of.right:g} of {of.pairs} pairs "
            f"({of.share:.0%}, 95% interval {of.lower:.0%} to {of.upper:.0%}; chance is 50%, "
            f"p = {of.p:.2g})"
        )

    def as_json(self) -> dict[str, object]:
        """The stored form: rounded, so that it is the same on every machine."""
        of = self.choice
        return {
            "pairs": self.pairs,
            "clusters": self.clusters,
            "right": None if of is None else of.right,
            "share": None if of is None else round(of.share, 4),
            "interval": None if of is None else [round(of.lower, 4), round(of.upper, 4)],
            "p": None if of is None else round(of.p, 6),
            "features": [
                {
                    "title": feature.title,
                    "candidate": feature.candidate,
                    "baseline": feature.baseline,
                }
                for feature in self.features
            ],
        }


def draw_items(items: Iterable[str], *, most: int = MOST) -> set[str]:
    """The items to measure it of: all, or `most` of them, by the digests of their keys."""
    ranked = sorted(set(items), key=lambda key: hashlib.sha256(f"telling {key}".encode()).digest())
    return set(ranked[:most])


def tell(pairs: Iterable[AnswerPair], *, draws: int = DRAWS) -> Telling:
    """How well what a reader sees tells the candidate's answer from the baseline's.

    Takes time in proportion to the pairs' number; what is counted of a text is bounded by
    `reviews.text_features.LONGEST`. Items of one cluster are never learnt from and asked about at
    once.
    """
    reader = TextReader()
    rows: list[_Row] = []
    clusters: dict[str, int] = {}
    numbers: list[int] = []
    for pair in pairs:
        rows.append((reader.read(pair.baseline), reader.read(pair.candidate)))
        numbers.append(clusters.setdefault(pair.cluster or f"item {pair.item}", len(clusters)))
    columns = list(_columns(reader, rows)) if rows else []
    if len(clusters) < FEWEST:
        split = [each for each in columns if abs(int(each.difference.sum())) == len(rows)]
        return Telling(len(rows), len(clusters), None, _clearest(split, len(rows)))
    choice = forced_choice(
        np.array([each.difference for each in columns], np.int8).reshape(-1, len(rows)).T,
        np.array([each.block for each in columns], np.intp),
        np.array(numbers, np.intp),
        draws=draws,
    )
    clear = [each for each, so in zip(columns, choice.clear, strict=True) if so]
    return Telling(len(rows), len(clusters), choice, _clearest(clear, len(rows)))


type _Row = tuple[TextFeatures, TextFeatures]


@dataclass(frozen=True, slots=True)
class _Column:
    """One feature of all pairs: 1 where only the candidate's answer has it, -1 where only the
    baseline's has; and how many of each arm's have it."""

    difference: NDArray[np.int8]
    candidate: int
    baseline: int
    block: int
    title: str

    @property
    def clarity(self) -> float:
        """McNemar's statistic, squared."""
        lead, discordant = int(self.difference.sum()), int(np.abs(self.difference).sum())
        return lead * lead / discordant

    def resembles(self, other: "_Column") -> bool:
        """Whether it sets apart much the same pairs, or some of them, as the other does."""
        one, two = self.difference.astype(int), other.difference.astype(int)
        shared, own = abs(int(one @ two)), int(one @ one)
        return shared == own or shared**2 >= ALIKE**2 * own * int(two @ two)


def _clearest(columns: Iterable[_Column], pairs: int) -> tuple[TellingFeature, ...]:
    """The most telling features; of several similar ones the simplest."""
    ranked = sorted(columns, key=lambda column: -round(column.clarity * PLAINNESS[column.block], 6))
    clearest: list[_Column] = []
    for column in ranked:
        if len(clearest) < NAMED and not any(column.resembles(other) for other in clearest):
            clearest.append(column)
    return tuple(
        TellingFeature(column.title, column.candidate, column.baseline, pairs)
        for column in clearest
    )


def _columns(reader: TextReader, rows: Sequence[_Row]) -> Iterator[_Column]:
    """Traits and measures, frequent words, frequent letters; features that always come together,
    or never do, once."""
    seen: set[bytes] = set()
    traits = _traits(rows)
    for column in (
        *traits[: -len(LENGTHS)],
        *_frequent([(a.words, b.words) for a, b in rows], 1, reader.word_title),
        *_measure_columns(rows),
        *traits[-len(LENGTHS) :],
        *_frequent([(a.letters, b.letters) for a, b in rows], 2, letters_title),
    ):
        nonzero = np.flatnonzero(column.difference)
        if nonzero.size:
            pattern = (column.difference * column.difference[nonzero[0]]).tobytes()
            if pattern not in seen:
                seen.add(pattern)
                yield column


def _traits(rows: Sequence[_Row]) -> list[_Column]:
    has = np.array([(b.traits, a.traits) for a, b in rows])
    counts = has.sum(axis=0, dtype=int)
    return [
        _Column(has[:, 0, i] - has[:, 1, i], int(counts[0, i]), int(counts[1, i]), 0, trait.title)
        for i, trait in enumerate(YES_NO)
    ]


def _measure_columns(rows: Sequence[_Row]) -> Iterator[_Column]:
    more = np.array([more_of(b.measures, a.measures) for a, b in rows])
    for i, title in enumerate(MORE_TITLES):
        own = more[:, i]
        yield _Column(own, int((own > 0).sum()), int((own < 0).sum()), 0, title)


def _frequent(
    rows: Sequence[tuple[Codes, Codes]], block: int, title_of: Callable[[int], str]
) -> Iterator[_Column]:
    """Columns of the codes that occur in only one of two answers in the most pairs."""
    apart = np.concatenate([np.setxor1d(a, b, assume_unique=True) for a, b in rows])
    codes, counts = np.unique(apart, return_counts=True)
    often = np.flatnonzero(counts >= SELDOM)
    often = often[np.argsort(-counts[often], kind="stable")][:FREQUENT]
    frequent = np.sort(codes[often])
    has = np.zeros((2, len(rows), frequent.size), np.int8)
    for i, pair in enumerate(rows):
        for arm, own in enumerate(pair):
            has[arm, i] = np.isin(frequent, own, assume_unique=True)
    for index, code in enumerate(frequent):
        baseline, candidate = has[:, :, index]
        yield _Column(
            candidate - baseline, int(candidate.sum()), int(baseline.sum()), block,
            title_of(int(code)),
        )  # fmt: skip

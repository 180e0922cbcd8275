"""Do two samples of texts differ, by how much, and in which words? A classifier two-sample test.

A logistic regression on words and pairs of words learns, from half of the users, to tell recent
texts from those of the reference (Lopez-Paz and Oquab 2017, ICLR, "Revisiting classifier two-sample
tests"). The other half's users are ranked by it. AUC is the chance that a recent user ranks above
one of the reference; .5: nothing tells them apart. p is exact, (1 + as large)/(1 + permutations):
without a change a user of both samples could as well have had them the other way round, and the
users of one sample could as well have been in the other. The limits take a user's two ranks
together (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837; Obuchowski 1997, Biometrics
53:567).
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.distributions import normal_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import check_alpha
from evalhub.stats.levels import ALPHA

Array = NDArray[np.float64]

FEWEST_USERS = 40
"""Of each sample: twenty to learn from and twenty to rank."""
FEWEST_USERS_OF_WORD = 5
"""Of both samples' learning halves together: what fewer say tells of them and not of a change."""
MOST_TERMS = 20_000
MOST_WORDS = 300
"""Of a text, from its beginning."""
PENALTY = 0.003
"""Of half the weights' squares, beside the mean log-loss."""
PERMUTATIONS = 9_999


@dataclass(frozen=True, slots=True)
class UserTexts:
    """A user's texts in one sample, each as its words (`evalhub.ledger.leakage.fingerprints` has
    `words_of`)."""

    user: Hashable
    texts: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class TellingWord:
    """A word, or two in a row, by which samples are told apart.

    Attributes:
        weight: above 0: it speaks for the recent sample.
        reference, recent: shares of the ranked users who used it, whom the classifier didn't learn
            from.
    """

    term: str
    weight: float
    reference: float
    recent: float


@dataclass(frozen=True, slots=True)
class TextComparison:
    """How well recent texts are told from the reference's.

    Attributes:
        auc: of the ranked users.
        lower, upper: one-sided limits of it at `alpha` each.
        p_value: that nothing changed.
        users: ranked ones of the reference and the recent sample.
        words: that tell most, those that became more frequent and less frequent alike.
    """

    auc: float
    lower: float
    upper: float
    p_value: float
    alpha: float
    users: tuple[int, int]
    words: tuple[TellingWord, ...]


def compare_texts(
    reference: Sequence[UserTexts],
    recent: Sequence[UserTexts],
    *,
    seed: int = 0,
    alpha: float = ALPHA,
    permutations: int = PERMUTATIONS,
    words: int = 10,
) -> TextComparison:
    """Tell two samples of texts apart, users as units; the same seed gives the same result.

    Args:
        reference, recent: each user once, with one text or more.
        alpha: one-sided level of each limit of AUC.
        permutations: of which p is at least 1/(1 + permutations).
        words: how many telling words, at most.

    Raises StatisticsError for a user twice in a sample or without a text, and fewer than
    `FEWEST_USERS` in a sample.
    """
    check_alpha(alpha)
    for sample in (reference, recent):
        _check(sample)
    learning = _learning_users(reference, recent, seed)
    rows = [(user, False) for user in reference] + [(user, True) for user in recent]
    train = [row for row in rows if row[0].user in learning]
    ranked = [row for row in rows if row[0].user not in learning]
    terms = _terms(texts for texts, _ in train)
    labels = np.array([is_recent for _, is_recent in train])
    weights = _fit(_matrix([texts for texts, _ in train], terms), labels)
    held_out = _matrix([texts for texts, _ in ranked], terms)
    is_recent = np.array([label for _, label in ranked])
    ranks = _Ranks.of(held_out @ weights, is_recent, [texts.user for texts, _ in ranked])
    lower, upper = ranks.limits(alpha)
    return TextComparison(
        ranks.auc,
        lower,
        upper,
        ranks.p_value(np.random.default_rng(seed), permutations),
        alpha,
        (int((~is_recent).sum()), int(is_recent.sum())),
        tuple(_telling_words(terms, weights, held_out, is_recent, words)),
    )


def _check(sample: Sequence[UserTexts]) -> None:
    if len({texts.user for texts in sample}) < len(sample):
        raise StatisticsError("a user comes once in a sample, with all texts")
    if any(not texts.texts for texts in sample):
        raise StatisticsError("every user has a text or more")
    if len(sample) < FEWEST_USERS:
        raise StatisticsError(f"a sample has {FEWEST_USERS} users or more, not {len(sample)}")


def _learning_users(
    reference: Sequence[UserTexts], recent: Sequence[UserTexts], seed: int
) -> set[Hashable]:
    """Half of the users of both samples, of the reference alone, and of the recent one alone."""
    before, after = ({texts.user for texts in sample} for sample in (reference, recent))

    def place(user: Hashable) -> bytes:
        return blake2b(f"{seed}:{user}".encode(), digest_size=16).digest()

    groups = (before & after, before - after, after - before)
    return {user for group in groups for user in sorted(group, key=place)[: len(group) // 2]}


def _used(texts: UserTexts) -> Iterable[set[str]]:
    """The words and pairs of words of each text."""
    for text in texts.texts:
        words = text[:MOST_WORDS]
        yield {*words, *(f"{first} {second}" for first, second in pairwise(words))}


def _terms(users: Iterable[UserTexts]) -> dict[str, int]:
    """The most used terms, with their columns."""
    counts: Counter[str] = Counter()
    for texts in users:
        counts.update(set().union(*_used(texts)))
    common = [(-count, term) for term, count in counts.items() if count >= FEWEST_USERS_OF_WORD]
    return {term: column for column, (_, term) in enumerate(sorted(common)[:MOST_TERMS])}


def _matrix(users: Sequence[UserTexts], terms: dict[str, int]) -> Any:
    """(users, terms), sparse: the mean of the user's texts, each of length 1."""
    values, columns, starts = [], [], [0]
    for texts in users:
        row: dict[int, float] = {}
        for used in _used(texts):
            known = [terms[term] for term in used if term in terms]
            for column in known:
                share = 1 / math.sqrt(len(known)) / len(texts.texts)
                row[column] = row.get(column, 0.0) + share
        for column in sorted(row):
            columns.append(column)
            values.append(row[column])
        starts.append(len(columns))
    sparse = import_module("scipy.sparse")
    return sparse.csr_array((values, columns, starts), shape=(len(users), len(terms)))


def _fit(matrix: Any, labels: NDArray[np.bool_]) -> Array:
    """Weights of an L2-penalised logistic regression; the two samples count alike."""
    count = matrix.shape[1]
    if not count:
        return np.zeros(0)
    signs = np.where(labels, 1.0, -1.0)
    shares = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())

    def loss(parameters: Array) -> tuple[float, Array]:
        weights, intercept = parameters[:count], parameters[count]
        margins = signs * (matrix @ weights + intercept)
        wrong = shares * signs * np.exp(-np.logaddexp(0, margins))
        value = shares @ np.logaddexp(0, -margins) + 0.5 * PENALTY * weights @ weights
        return float(value), -np.append(matrix.T @ wrong - PENALTY * weights, wrong.sum())

    best, _, _ = import_module("scipy.optimize").fmin_l_bfgs_b(loss, np.zeros(count + 1))
    return np.asarray(best[:count])


@dataclass(frozen=True, slots=True)
class _Ranks:
    """Mid-ranks of the users' scores, which of them are recent, and whose two belong together.

    `pairs` (pairs, 2) are the rows of users of both samples, the reference's first; `single` those
    of the others.
    """

    ranks: Array
    is_recent: NDArray[np.bool_]
    pairs: NDArray[np.intp]
    single: NDArray[np.intp]

    @classmethod
    def of(cls, scores: Array, is_recent: NDArray[np.bool_], users: Sequence[Hashable]) -> "_Ranks":
        rows: dict[Hashable, list[int]] = {}
        for row, user in enumerate(users):
            rows.setdefault(user, []).append(row)
        pairs = [both for both in rows.values() if len(both) == 2]
        single = [alone[0] for alone in rows.values() if len(alone) == 1]
        return cls(
            _mid_ranks(scores),
            is_recent,
            np.array(pairs, dtype=np.intp).reshape(-1, 2),
            np.array(single, dtype=np.intp),
        )

    @property
    def auc(self) -> float:
        return float(self._auc(self.ranks[self.is_recent].sum()))

    def _auc(self, rank_sums: Any) -> Any:
        m, n = self.is_recent.sum(), (~self.is_recent).sum()
        return (rank_sums - m * (m + 1) / 2) / (m * n)

    def p_value(self, rng: np.random.Generator, permutations: int) -> float:
        """Exact one-sided p of the rank sum: pairs are swapped, single users change samples."""
        observed = self.ranks[self.is_recent].sum()
        single, recent = self.ranks[self.single], int(self.is_recent[self.single].sum())
        gaps = self.ranks[self.pairs[:, 1]] - self.ranks[self.pairs[:, 0]]
        fixed = self.ranks[self.pairs[:, 0]].sum()
        as_large = 0
        for _ in range(permutations):
            total = fixed + rng.permutation(single)[:recent].sum()
            total += gaps[rng.random(len(gaps)) < 0.5].sum()
            as_large += total >= observed - 1e-9
        return (1 + as_large) / (1 + permutations)

    def limits(self, alpha: float) -> tuple[float, float]:
        """On the logit scale; where all are told apart as so many successes of so many."""
        auc, z = self.auc, normal_quantile(1 - alpha)
        fewer = min(int(self.is_recent.sum()), int((~self.is_recent).sum()))
        if auc in (0.0, 1.0):
            bound = alpha ** (1 / fewer)
            return (bound, 1.0) if auc == 1 else (0.0, 1 - bound)
        logit, reach = math.log(auc / (1 - auc)), z * self._se() / (auc * (1 - auc))
        lower, upper = (1 / (1 + math.exp(-(logit + side * reach))) for side in (-1, 1))
        return lower, upper

    def _se(self) -> float:
        """By users: what each takes the AUC from its mean, of both of their rows together."""
        m, n = int(self.is_recent.sum()), int((~self.is_recent).sum())
        placements = np.empty(len(self.ranks))
        for side, own, other in ((self.is_recent, m, n), (~self.is_recent, n, m)):
            below = (self.ranks[side] - _mid_ranks(self.ranks[side])) / other
            placements[side] = (below - below.mean()) / math.sqrt(own * (own - 1))
        placements[~self.is_recent] *= -1
        effects = [*placements[self.pairs].sum(axis=1), *placements[self.single]]
        return math.sqrt(float(np.square(effects).sum()))


def _mid_ranks(scores: Array) -> Array:
    """1 is the lowest; equal ones share the mean of their ranks."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def _telling_words(
    terms: dict[str, int], weights: Array, held_out: Any, is_recent: NDArray[np.bool_], count: int
) -> list[TellingWord]:
    """Half of them of the recent sample and half of the reference, if the ranked users' shares
    confirm it; where a word tells, pairs that contain it are left out."""
    names = list(terms)
    used = (held_out > 0).astype(float)
    before, after = (
        np.asarray(used[side].sum(axis=0)).ravel() / side.sum() for side in (~is_recent, is_recent)
    )
    result: list[TellingWord] = []
    for side in (1, -1):
        chosen: list[str] = []
        for column in np.argsort(-side * weights, kind="stable"):
            if len(chosen) == count // 2 or side * weights[column] <= 0:
                break
            term, confirmed = names[column], side * (after[column] - before[column]) > 0
            if confirmed and not any(set(term.split()) & set(other.split()) for other in chosen):
                chosen.append(term)
                result.append(
                    TellingWord(
                        term, float(weights[column]), float(before[column]), float(after[column])
                    )
                )
    return sorted(result, key=lambda word: (-abs(word.weight), word.term))

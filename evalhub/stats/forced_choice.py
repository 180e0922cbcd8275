"""How well do yes/no features tell which of two things is whose? Forced choice, cross-validated.

Each pair has one thing of either kind. The classifier is plain, so that what it goes by can be
said in words: each feature that things of one kind have and their partners lack votes for that
kind, and the thing with more votes is chosen. A vote is the log odds of the feature's discordant
pairs, log((b + 1/2)/(c + 1/2)), times the belief that it isn't chance, 1/(1 + exp((t^2 - z^2)/2)):
z = (b - c)/sqrt(b + c) is McNemar's statistic, t = sqrt(2 log m) what the largest of m that say
nothing stays under (the universal threshold of Donoho and Johnstone 1994).

A vote that grows smoothly was found better than one that sets in at the threshold: sets of pairs
then differ less in what is learnt from them. They differ still, so the share that is told out of
fold varies more than a binomial one, by up to 2.4 times in simulations; see `forced_choice`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.clusters import assumed_design_effect, clustered_mean
from evalhub.stats.distributions import beta_quantile
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA

Features = NDArray[np.int8]
Floats = NDArray[np.float32]
Array = NDArray[np.float64]

FOLDS = 10
DRAWS = 2047
INFLATION = 2.0
"""What the variance of the share is taken for, against that of as many independent pairs: where
texts told apart 52 to 88% this covered the share in 95 to 100% of simulations."""
ENOUGH = 20
"""Draws that reach what was observed: after so many the p-value is known well enough."""
_UNIT = 64.0  # votes are whole multiples of 1/64, so that sums don't hang on their order
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class ForcedChoice:
    """How many of `pairs` are classified correctly out of fold, a tie counting half.

    `lower` and `upper` are the interval's limits of the share, `p` that of no difference between
    the kinds, by exchanging the two things of a pair (of all pairs of a cluster together).
    `clear` (m,) marks the features beyond their threshold when all pairs are learnt from.
    """

    pairs: int
    clusters: int
    right: float
    lower: float
    upper: float
    p: float
    clear: NDArray[np.bool_]

    @property
    def share(self) -> float:
        return self.right / self.pairs


def forced_choice(
    features: Features,
    blocks: NDArray[np.intp],
    clusters: NDArray[np.intp],
    *,
    alpha: float = ALPHA,
    draws: int = DRAWS,
    seed: int = 0,
) -> ForcedChoice:
    """Whether `features` tell the kinds apart, and how well.

    The limits are Clopper and Pearson's of half as many pairs (`INFLATION`), of fewer where pairs
    come in clusters. The p-value doesn't hang on them: it is exact.

    Args:
        features: (n, m) in {-1, 0, 1}: 1 where only the first kind's thing has it, -1 where only
            the second's has.
        blocks: (m,) numbers the blocks of features; each is judged against its own number.
        clusters: (n,) numbers the clusters from 0 without gaps; pairs of one are never in two
            folds, and are exchanged together.
        alpha: one-sided error rate of each limit.
        draws: exchanges drawn at most; with few clusters all of them are gone through instead.

    Raises StatisticsError for fewer than two clusters and for shapes that don't fit.
    """
    n, m = features.shape
    if n == 0 or blocks.shape != (m,) or clusters.shape != (n,):
        raise StatisticsError("forced choice needs pairs, a block a feature and a cluster a pair")
    groups = int(clusters.max()) + 1
    if groups < 2:
        raise StatisticsError("forced choice needs two clusters or more")
    rng = np.random.default_rng(seed)
    folds = rng.permutation(groups) % min(FOLDS, groups)
    learner = _Learner(features, blocks, clusters, folds)
    hits = learner.shares_right(np.ones((groups, 1), np.float32))[:, 0].astype(float)
    right = float(hits.sum())
    lower, upper = _limits(hits, clusters, alpha)
    return ForcedChoice(
        pairs=n,
        clusters=groups,
        right=right,
        lower=lower,
        upper=upper,
        p=_p_value(learner, right, groups, draws, rng),
        clear=learner.clear(),
    )


class _Learner:
    """Votes learnt from all folds but one, and counted in that one.

    Products are of sparse matrices: threads of a BLAS wait for each other where others work.
    """

    def __init__(
        self,
        features: Features,
        blocks: NDArray[np.intp],
        clusters: NDArray[np.intp],
        folds: NDArray[np.intp],
    ) -> None:
        from scipy.sparse import csr_array  # takes long to load

        n, self.all = features.shape
        self.clusters, self.of_pair = clusters, folds[clusters]
        ones = np.ones(n, np.float32)
        member = csr_array((ones, (clusters, np.arange(n))), shape=(folds.size, n))
        sums = (member @ csr_array(features.astype(np.float32))).toarray()
        sizes = (member @ csr_array(np.abs(features).astype(np.float32))).toarray()
        self.kept, self.squared = _possible(sums, blocks)
        sums, sizes = sums[:, self.kept], sizes[:, self.kept]
        self.sums = csr_array(sums.T)
        self.folds = []
        for fold in range(int(folds.max()) + 1):
            learnt = folds != fold
            pairs = np.flatnonzero(self.of_pair == fold)
            self.folds.append(
                _Fold(
                    pairs=pairs,
                    clusters=np.flatnonzero(~learnt),
                    sums=csr_array(sums[~learnt].T),
                    features=csr_array(features[pairs][:, self.kept].astype(np.float32)),
                    size=sizes[learnt].sum(axis=0)[:, None],
                    spread=(sums[learnt] ** 2).sum(axis=0)[:, None],
                )
            )
        self.leads = sums.sum(axis=0)
        self.spread = (sums**2).sum(axis=0)

    def shares_right(self, signs: Floats) -> Floats:
        """(n, draws): 1 where a pair is classified correctly out of fold, 0.5 without evidence.

        `signs` (clusters, draws) are -1 where the two things of a cluster's pairs are exchanged.
        """
        told_right = np.full((self.clusters.size, signs.shape[1]), 0.5, np.float32)
        total = self.sums @ signs
        for fold in self.folds:
            leads = total - fold.sums @ signs[fold.clusters]
            beyond = leads * leads / np.maximum(fold.spread, 1e-9) - self.squared[:, None]
            belief = 1 / (1 + np.exp(np.minimum(-beyond / 2, 60)))
            odds = np.log((fold.size + leads + 1) / (fold.size - leads + 1))
            votes = np.rint(odds * belief * _UNIT)
            lead = (fold.features @ votes) * signs[self.clusters[fold.pairs]]
            told_right[fold.pairs] = 0.5 + 0.5 * np.sign(lead)
        return told_right

    def clear(self) -> NDArray[np.bool_]:
        is_clear = np.zeros(self.all, np.bool_)
        is_clear[self.kept] = self.leads**2 > self.squared * self.spread
        return is_clear


@dataclass(frozen=True, slots=True)
class _Fold:
    """What is counted in it, and of the rest: pairs in which a feature sets the two apart, and
    the sum of the squares of clusters' leads."""

    pairs: NDArray[np.intp]
    clusters: NDArray[np.intp]
    sums: Any
    features: Any
    size: Floats
    spread: Floats


def _possible(sums: Floats, blocks: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
    """Which features could come to count, and each one's threshold, squared.

    Both hang on what an exchange doesn't change, so that exchanged pairs are judged alike. What
    can't pass the threshold even where all its pairs agree isn't counted in it either.
    """
    squares = (sums**2).sum(axis=0)
    most = np.abs(sums).sum(axis=0) ** 2 / np.maximum(squares, 1e-9)
    features, thresholds = [np.zeros(0, np.intp)], [np.zeros(0, np.float32)]
    for block in np.unique(blocks):
        own = np.flatnonzero((blocks == block) & (squares > 0))
        own = own[np.argsort(-most[own], kind="stable")]
        limits = 2 * np.log(np.maximum(np.arange(1, own.size + 1), 2))
        count = int((most[own] > limits).sum())
        features.append(own[:count])
        thresholds.append(np.full(count, 2 * math.log(max(count, 2)), np.float32))
    return np.concatenate(features), np.concatenate(thresholds)


def _p_value(
    learner: _Learner, right: float, groups: int, draws: int, rng: np.random.Generator
) -> float:
    """The share of exchanges that tell as many pairs; the observed one is among them.

    Exchanging everything tells the same pairs, so the last cluster stays as it is. Where there are
    more than `draws` they are drawn, until `ENOUGH` reach what was observed (Besag and Clifford
    1991); with either the chance of a p-value of at most a, where the kinds don't differ, is a
    at most.
    """
    every = 2 ** (groups - 1) <= draws + 1
    exchanges = _all_signs(groups) if every else _draw_signs(groups, draws, rng)
    reached = seen = 0
    for signs in exchanges:
        hits = np.flatnonzero(learner.shares_right(signs).sum(axis=0) >= right)
        if not every and reached + hits.size >= ENOUGH:
            return ENOUGH / (seen + int(hits[ENOUGH - reached - 1]) + 1)
        reached, seen = reached + hits.size, seen + signs.shape[1]
    return reached / seen if every else (reached + 1) / (seen + 1)


def _all_signs(groups: int) -> Iterator[Floats]:
    numbers = np.arange(2 ** (groups - 1))
    for start in range(0, numbers.size, _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        bits = (part[None, :] >> np.arange(groups)[:, None]) & 1
        yield (1 - 2 * bits).astype(np.float32)


def _draw_signs(groups: int, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    for start in range(0, draws, _AT_ONCE):
        size = min(_AT_ONCE, draws - start)
        yield (1 - 2 * rng.integers(0, 2, (groups, size))).astype(np.float32)


def _limits(hits: Array, clusters: NDArray[np.intp], alpha: float) -> tuple[float, float]:
    effect = 1.0
    if int(clusters.max()) + 1 < hits.size:
        measured = clustered_mean(hits, clusters).design_effect
        effect = max(1.0, measured, assumed_design_effect(hits.size, clusters, None))
    n = hits.size / (INFLATION * effect)
    right = n * float(hits.mean())
    lower = beta_quantile(alpha, right, n - right + 1) if right > 0 else 0.0
    upper = beta_quantile(1 - alpha, right + 1, n - right) if right < n else 1.0
    return lower, upper

"""The difference by tag. Pure: for reading, never for the verdict."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.requirements import Requirement
from evalhub.declare.decision import BreakdownRow
from evalhub.stats.paired import compare

MOST_TAGS = 40


def by_tag(
    requirement: Requirement,
    baseline: NDArray[np.float64],
    candidate: NDArray[np.float64],
    tags: Sequence[Sequence[str]],
    *,
    clusters: Sequence[str] | None = None,
    weights: NDArray[np.float64] | None = None,
    alpha: float,
) -> list[BreakdownRow]:
    """One row for each of the most common tags, the largest first.

    Args:
        baseline, candidate: scores of shape (n,) or (n, samples), aligned by item.
        tags: each item's tags, n in all.
    """
    return [
        _row(requirement, name, index, baseline, candidate, clusters, weights, alpha)
        for name, index in _most_common(tags)
    ]


def _most_common(tags: Sequence[Sequence[str]]) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """The most common tags, the largest first, with the indices of the items that have each. Few
    lists of tags are distinct where items share them, as those of the database do."""
    places: dict[int, int] = {}
    of = np.array([places.setdefault(id(names), len(places)) for names in tags], dtype=np.intp)
    sizes = np.bincount(of, minlength=len(places)).tolist()
    distinct = {id(names): names for names in tags}
    holders: dict[str, list[int]] = {}
    counts = Counter[str]()
    for names, size in zip(distinct.values(), sizes, strict=True):
        for name in set(names):
            holders.setdefault(name, []).append(places[id(names)])
            counts[name] += size
    for name in sorted(holders, key=lambda name: (-counts[name], name))[:MOST_TAGS]:
        held = np.zeros(len(places), dtype=bool)
        held[holders[name]] = True
        yield name, np.flatnonzero(held[of])


def _row(
    requirement: Requirement,
    tag: str,
    index: NDArray[np.intp],
    baseline: NDArray[np.float64],
    candidate: NDArray[np.float64],
    clusters: Sequence[str] | None,
    weights: NDArray[np.float64] | None,
    alpha: float,
) -> BreakdownRow:
    rising = requirement.higher_is_better
    worse, better = (baseline, candidate) if rising else (candidate, baseline)
    comparison = compare(
        worse[index],
        better[index],
        clusters=None if clusters is None else [clusters[i] for i in index],
        weights=None if weights is None else weights[index],
        alpha=alpha,
        bounds=requirement.bounds,
    )
    return BreakdownRow(
        test_set=requirement.test_set,
        tag=tag,
        metric=requirement.metric,
        n=comparison.n,
        baseline=comparison.baseline if rising else comparison.candidate,
        candidate=comparison.candidate if rising else comparison.baseline,
        difference=comparison.difference,
        lower=comparison.lower,
        upper=comparison.upper,
        wins=comparison.wins,
        losses=comparison.losses,
        ties=comparison.ties,
        p_value=comparison.p_value,
    )

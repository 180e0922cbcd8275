"""Samples the items of a review. Pure and seeded."""

import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence

from reviews.blinding import draw

BINS = 4  # of the items' lengths
BETTER, WORSE, ALIKE, UNSCORED = (
    "metric prefers the candidate",
    "metric prefers the baseline",
    "metric sees no difference",
    "not scored",
)


def allocate(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """n places shared among strata in proportion to their sizes, by largest remainder.

    A stratum never gets more places than it has items; with n at or above the total, every
    stratum gets its size. Raises ValueError for a negative n.
    """
    if n < 0:
        raise ValueError(f"cannot sample {n} items; use 0 or more")
    total = sum(sizes.values())
    if n >= total:
        return dict(sizes)
    seats = {name: n * size // total for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(n * sizes[name] % total), name))
    for name in by_remainder[: n - sum(seats.values())]:
        seats[name] += 1
    return seats


def sample_strata(
    keys: Sequence[str],
    strata: Sequence[str],
    *,
    n: int,
    seed: int,
    groups: Sequence[int] | None = None,
) -> list[str]:
    """n of the keys (all, if there are fewer), proportionally from each stratum.

    `strata[i]` is the stratum of `keys[i]`; keys are unique. The order of the result is random,
    and the result doesn't depend on the order of the arguments. `groups[i]` is the group of
    near-copies that `keys[i]` belongs to (`reviews.planning.diversity.near_copies`): of a group in
    a stratum a second one is drawn only after one of every group, and so on.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for key, stratum in zip(keys, strata, strict=True):
        members[stratum].append(key)
    group_of = dict(zip(keys, groups, strict=True)) if groups is not None else {}
    seats = allocate({name: len(keys_of_stratum) for name, keys_of_stratum in members.items()}, n)
    drawn = [
        key
        for name, keys_of_stratum in members.items()
        for key in _draw_order(keys_of_stratum, group_of, seed)[: seats[name]]
    ]
    return sorted(drawn, key=lambda key: draw(seed, "position", key))


def length_strata(lengths: Mapping[str, int], *, bins: int = BINS) -> dict[str, str]:
    """Key → which of `bins` equally large parts its length falls in, the shortest first.

    Items of one length stay together, so that parts may differ in size and some may be missing.
    """
    ordered = sorted(lengths.values())
    edges = [ordered[len(ordered) * part // bins] for part in range(1, bins)] if ordered else []
    return {
        key: f"length {bisect.bisect_right(edges, length) + 1} of {bins}"
        for key, length in lengths.items()
    }


def disagreement_strata(
    baseline: Mapping[str, float | None], candidate: Mapping[str, float | None]
) -> dict[str, str]:
    """Key → whether the automated metric tells the two answers apart, and which way."""
    return {
        key: _disagreement(baseline.get(key), candidate.get(key))
        for key in {**baseline, **candidate}
    }


def combine_strata(*strata: Mapping[str, str]) -> dict[str, str]:
    """The strata that come of dividing by each of `strata` in turn, for the keys of the first."""
    return {
        key: " · ".join(part for part in (each.get(key, "") for each in strata) if part)
        for key in strata[0]
    }


def _disagreement(baseline: float | None, candidate: float | None) -> str:
    if baseline is None or candidate is None:
        return UNSCORED
    if candidate == baseline:
        return ALIKE
    return BETTER if candidate > baseline else WORSE


def _draw_order(members: Sequence[str], group_of: Mapping[str, int], seed: int) -> list[str]:
    """The members in the order in which they are drawn: one of each group, then the second ones."""
    ranked = sorted(members, key=lambda key: draw(seed, "sample", key))
    if not group_of:
        return ranked
    seen: dict[int, int] = defaultdict(int)
    rounds: dict[str, int] = {}
    for key in ranked:
        rounds[key] = seen[group_of[key]]
        seen[group_of[key]] += 1
    return sorted(ranked, key=lambda key: rounds[key])

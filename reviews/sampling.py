"""Which items people are asked about. Pure and seeded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from reviews.blinding import draw


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
    places = {name: n * size // total for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(n * sizes[name] % total), name))
    for name in by_remainder[: n - sum(places.values())]:
        places[name] += 1
    return places


def stratified(keys: Sequence[str], strata: Sequence[str], *, n: int, seed: int) -> list[str]:
    """n of the keys (all, if there are fewer), proportionally from each stratum.

    `strata[i]` is the stratum of `keys[i]`; keys are unique. The order of the result is random,
    and the result doesn't depend on the order of the arguments.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for key, stratum in zip(keys, strata, strict=True):
        members[stratum].append(key)
    places = allocate({name: len(found) for name, found in members.items()}, n)
    drawn = [
        key
        for name, found in members.items()
        for key in sorted(found, key=lambda key: draw(seed, "sample", key))[: places[name]]
    ]
    return sorted(drawn, key=lambda key: draw(seed, "position", key))

"""Traffic of live experiments as it is: heavy users, users who differ, requests over four weeks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.user_ratios import UserSums

Array = NDArray[np.float64]
Ints = NDArray[np.intp]
Rng = np.random.Generator
LOOKS = 200


@dataclass(frozen=True, slots=True)
class Life:
    """How one arm's users come and what they do in four weeks.

    Attributes:
        users: who come, of whom some make no request.
        requests: that a user would make in the whole time, on average.
        spread: of the logarithm of a user's requests.
        likeness: correlation of the outcomes of one user's requests.
        arrive_by: share of the time in which all have come for the first time.
    """

    users: int
    requests: float = 6.0
    spread: float = 1.0
    likeness: float = 1 / 6
    arrive_by: float = 1.0


@dataclass(frozen=True, slots=True)
class Visits:
    """Requests of one arm in the order of users and their looks: whose each is (n,), numbered from
    0, and before which look it came (n,)."""

    user: Ints
    look: Ints

    @property
    def users(self) -> int:
        return int(self.user[-1]) + 1


def visits(rng: Rng, life: Life, *, looks: int = LOOKS) -> Visits:
    """One arm's requests; how many a user makes is Poisson about a lognormal number."""
    arrival = rng.random(life.users) * life.arrive_by
    mean = life.requests * rng.lognormal(-(life.spread**2) / 2, life.spread, life.users)
    counts = rng.poisson(mean * (1 - arrival))
    user = np.repeat(np.arange(life.users), counts)
    time = arrival[user] + (1 - arrival[user]) * rng.random(len(user))
    look = (time * looks).astype(np.intp)
    order = np.lexsort((look, user))
    return Visits(np.unique(user[order], return_inverse=True)[1], look[order])


def outcomes(rng: Rng, seen: Visits, chance: float, likeness: float) -> Array:
    """0 or 1 for each request, by a chance that each user has from a beta distribution."""
    scale = 1 / likeness - 1
    chances = rng.beta(chance * scale, (1 - chance) * scale, seen.users)
    return (rng.random(len(seen.user)) < chances[seen.user]).astype(float)


def sums_by_look(
    seen: Visits, y: Array, x: Array | None = None, *, looks: int = LOOKS
) -> list[UserSums]:
    """The sums over users after each look; x is 1 for each request without it."""
    first = np.r_[True, seen.user[1:] != seen.user[:-1]]
    tops = _running(y, first, seen.user)
    bottoms = _running(np.ones_like(y) if x is None else x, first, seen.user)
    yy, xy, xx = tops * tops, bottoms * tops, bottoms * bottoms
    columns = np.stack(
        [
            np.ones_like(tops),
            bottoms > 0,
            tops,
            bottoms,
            *(yy, xy, xx, yy * yy, xy * yy, xy * xy, xx * xy, xx * xx),
        ]
    )
    before = np.where(first, 0.0, np.roll(columns, 1, axis=1))
    added = [np.bincount(seen.look, row, looks) for row in columns - before]
    return [_sums(row) for row in np.cumsum(added, axis=1).T.tolist()]


def requests_by_look(seen: Visits, y: Array, *, looks: int = LOOKS) -> list[UserSums]:
    """As if each request was a user, which is what the naive analysis takes it for."""
    n, ones = (np.cumsum(np.bincount(seen.look, w, looks)) for w in (None, y))
    return [
        UserSums(int(a), int(a), b, a, b, b, a, b, b, b, b, a)
        for a, b in zip(n.tolist(), ones.tolist(), strict=True)
    ]


def _running(values: Array, first: NDArray[np.bool_], user: Ints) -> Array:
    """Each user's sum up to and with each request."""
    total = np.cumsum(values)
    return total - (total - values)[np.flatnonzero(first)][user]


def _sums(row: Sequence[float]) -> UserSums:
    users, measured, *rest = row
    return UserSums(int(users), int(measured), *rest)

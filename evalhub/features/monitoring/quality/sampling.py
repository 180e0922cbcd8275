"""Which of a day's requests are drawn: the same, whoever draws them again. Pure.

Users are drawn, and then one answer of each: what is measured is a user's mean, and one who asks a
thousand times a day counts as one. Where a day has fewer users than answers are wanted, more
answers of each are drawn; their mean is the user's, so that the metric means the same on all days.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappush, heapreplace
from itertools import product

MOST_OF_USER = 10

type Drawn = Mapping[str, Sequence[str]]
"""By user, the keys of the requests that were drawn."""


def draw_of_day(requests: Iterable[tuple[str, str]], *, size: int, seed: str) -> Drawn:
    """At most `size` requests, of as many users as there are.

    A user's place is a hash of the seed and the user, and likewise a request's: whoever draws again
    draws the same, in whatever order the requests come, and one that is erased changes no other's
    place. In one pass and in memory of `size` users.

    Args:
        requests: (key, user's hash); without a user, "", a request is a user of its own.
    """
    users: dict[str, list[tuple[int, str]]] = {}
    furthest: list[tuple[int, str]] = []  # a heap: the user with the highest place first
    for key, user_hash in requests:
        user = user_hash or f"request {key}"
        if user not in users:
            place = _place(seed, user)
            if len(users) == size:
                if -furthest[0][0] <= place:
                    continue
                del users[heapreplace(furthest, (-place, user))[1]]
            else:
                heappush(furthest, (-place, user))
            users[user] = []
        _insert(users[user], (_place(seed, f"{user} {key}"), key))
    names = [user for _, user in sorted(furthest, reverse=True)]
    turns = product(range(MOST_OF_USER), names)
    in_order = [(user, users[user][turn][1]) for turn, user in turns if turn < len(users[user])]
    drawn: dict[str, list[str]] = {user: [] for user in names}
    for user, key in in_order[:size]:
        drawn[user].append(key)
    return drawn


def _insert(places: list[tuple[int, str]], place: tuple[int, str]) -> None:
    """Keeps the MOST_OF_USER lowest, in order."""
    places.append(place)
    places.sort()
    del places[MOST_OF_USER:]


def _place(seed: str, name: str) -> int:
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8)
    return int.from_bytes(digest.digest())

"""Items that hang together, and a share of them drawn so that none is torn from its like. Pure."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

SHARED = 0.05
FEWEST_SHARING = 2


def together(labels: Sequence[Sequence[str]]) -> list[int]:
    """The group of each item, as the place of its first: items with a label in common are one
    group, and so are those that others connect."""
    parents = list(range(len(labels)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[str, int] = {}
    for place, said in enumerate(labels):
        for label in said:
            one, other = sorted((root(first.setdefault(label, place)), root(place)))
            parents[other] = one
    return [root(place) for place in range(len(labels))]


def drawn_share(
    keys: Sequence[str], groups: Sequence[int], *, share: float, seed: int
) -> list[int]:
    """The places of about `share` of the items, in whole groups, drawn by the seed.

    Groups come in the order of SHA-256(seed, the smallest id in them); one is taken where that
    brings the number of items nearer to the share. Neither the items' order nor the groups'
    numbers count.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)

    def turn(places: list[int]) -> bytes:
        least = min(keys[place] for place in places)
        return hashlib.sha256(f"{seed}\0{least}".encode()).digest()

    wanted, drawn = share * len(keys), list[int]()
    for places in sorted(members.values(), key=turn):
        after = len(drawn) + len(places)
        if abs(after - wanted) < abs(len(drawn) - wanted):
            drawn += places
    return sorted(drawn)


def without_shared_lines(texts: Sequence[str]) -> list[str]:
    """The texts without lines that more than 5% of them have, and more than two: an instruction
    or a template makes no two items alike. A text of nothing else stays as it is."""
    lines = [text.splitlines() for text in texts]
    times = Counter(line for each in lines for line in {*each})
    limit = max(FEWEST_SHARING, int(SHARED * len(texts)))
    own = ["\n".join(line for line in each if times[line] <= limit) for each in lines]
    return [mine if mine.strip() else text for mine, text in zip(own, texts, strict=True)]

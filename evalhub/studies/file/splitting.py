"""Groups of related items, and a share of the items drawn in whole groups. Pure."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

SHARED = 0.05
FEWEST_SHARING = 2


def group_by_labels(labels: Sequence[Sequence[str]]) -> list[int]:
    """The group of each item, as the index of its first item: items that share a label, directly or
    through others, are one group."""
    parents = list(range(len(labels)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    first: dict[str, int] = {}
    for index, item_labels in enumerate(labels):
        for label in item_labels:
            one, other = sorted((root(first.setdefault(label, index)), root(index)))
            parents[other] = one
    return [root(index) for index in range(len(labels))]


def draw_share(keys: Sequence[str], groups: Sequence[int], *, share: float, seed: int) -> list[int]:
    """Indices of about `share` of the items, in whole groups, drawn by the seed.

    Groups come in the order of SHA-256(seed, the smallest id in them); one is taken where that
    brings the number of items nearer to the share. Neither the items' order nor the groups'
    numbers count.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)

    def turn(group_items: list[int]) -> bytes:
        least = min(keys[index] for index in group_items)
        return hashlib.sha256(f"{seed}\0{least}".encode()).digest()

    wanted, drawn = share * len(keys), list[int]()
    for group_items in sorted(members.values(), key=turn):
        after = len(drawn) + len(group_items)
        if abs(after - wanted) < abs(len(drawn) - wanted):
            drawn += group_items
    return sorted(drawn)


def without_shared_lines(texts: Sequence[str]) -> list[str]:
    """The texts without lines that more than 5% of them (and more than two) contain: an instruction
    or template doesn't make items similar. A text of nothing else stays as it is."""
    lines = [text.splitlines() for text in texts]
    times = Counter(line for each in lines for line in {*each})
    limit = max(FEWEST_SHARING, int(SHARED * len(texts)))
    own = ["\n".join(line for line in each if times[line] <= limit) for each in lines]
    return [mine if mine.strip() else text for mine, text in zip(own, texts, strict=True)]

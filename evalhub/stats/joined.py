"""Clusters of items that have a label or a text in common. Pure."""

from collections import Counter
from collections.abc import Sequence


def join_clusters(
    keys: Sequence[str], clusters: Sequence[str], questions: Sequence[str]
) -> list[str]:
    """Labels that join the items that have a question or a cluster in common, directly or through
    others; "" is neither.

    Items whose question isn't repeated, nor that of any in their cluster, keep their label. A
    joined cluster has the label of its first item that has one, else a name by its first key.
    """
    repeated = {question for question, count in Counter(questions).items() if count > 1} - {""}
    if not repeated:
        return list(clusters)
    joined = _first_of_group(clusters, questions)
    touched = {joined[i] for i, question in enumerate(questions) if question in repeated}
    taken_names = set(clusters)
    names: dict[int, str] = {}
    for i, cluster in enumerate(clusters):
        if joined[i] in touched and cluster:
            names.setdefault(joined[i], cluster)
    for first in touched - names.keys():
        name = f"same text as {keys[first]}"
        while name in taken_names:
            name += "'"
        names[first] = name
    return [
        names[joined[i]] if joined[i] in touched else cluster for i, cluster in enumerate(clusters)
    ]


def _first_of_group(clusters: Sequence[str], questions: Sequence[str]) -> list[int]:
    """For each item, the index of the first item of its group."""
    first = list(range(len(clusters)))

    def root(index: int) -> int:
        while first[index] != index:
            first[index] = first[first[index]]
            index = first[index]
        return index

    seen: dict[tuple[str, str], int] = {}
    for i, (cluster, question) in enumerate(zip(clusters, questions, strict=True)):
        for kind, label in (("cluster", cluster), ("question", question)):
            if label:
                one, other = sorted((root(seen.setdefault((kind, label), i)), root(i)))
                first[other] = one
    return [root(i) for i in range(len(clusters))]

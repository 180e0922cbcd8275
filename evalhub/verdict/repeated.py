"""Items that ask the same question again: one cluster, however many they are. Pure.

A model answers the same text alike each time, so that its repetitions tell no more than one item.
Same is what a model sees as the same, to the letter: nearness is nobody's to judge.
"""

from collections.abc import Iterator, Sequence

from evalhub.schemas.sections import RepeatedRow, RepeatedSection
from evalhub.verdict.align import Aligned, ItemLabel, clusters_of
from evalhub.verdict.wording import counted


def with_repeats_joined(items: Sequence[ItemLabel]) -> list[ItemLabel]:
    """The items with a cluster that joins those that have a text or a cluster in common, directly
    or through others. Items whose question isn't repeated, nor that of any in their cluster, stay
    as they are."""
    asked: dict[str, int] = {}
    for item in items:
        if item.question:
            asked[item.question] = asked.get(item.question, 0) + 1
    repeated = {question for question, count in asked.items() if count > 1}
    if not repeated:
        return list(items)
    joined = _joined(items)
    touched = {joined[i] for i, item in enumerate(items) if item.question in repeated}
    given = {item.cluster for item in items}
    names: dict[int, str] = {}
    for i, item in enumerate(items):
        if joined[i] in touched and item.cluster:
            names.setdefault(joined[i], item.cluster)
    for first in touched - names.keys():
        name = f"same text as {items[first].key}"
        while name in given:
            name += "'"
        names[first] = name
    return [
        item._replace(cluster=names[joined[i]]) if joined[i] in touched else item
        for i, item in enumerate(items)
    ]


def _joined(items: Sequence[ItemLabel]) -> list[int]:
    """Of each item, the first of all that it is joined with, as its place."""
    first = list(range(len(items)))

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    seen: dict[tuple[str, str], int] = {}
    for i, item in enumerate(items):
        for kind, label in (("cluster", item.cluster), ("question", item.question)):
            if not label:
                continue
            one, other = sorted((root(seen.setdefault((kind, label), i)), root(i)))
            first[other] = one
    return [root(i) for i in range(len(items))]


def repeated_section(aligned: Sequence[Aligned]) -> RepeatedSection | None:
    """A row for each test set of which several items ask the same; None where there is none."""
    rows: dict[str, RepeatedRow] = {}
    for each in aligned:
        row = None if each.same else _row(each)
        if row is not None:
            rows.setdefault(row.test_set, row)
    return RepeatedSection(test_sets=tuple(rows.values())) if rows else None


def _row(aligned: Aligned) -> RepeatedRow | None:
    return _counted(aligned.requirement.test_set, aligned.items)


def _counted(test_set: str, items: Sequence[ItemLabel]) -> RepeatedRow | None:
    questions = [each.question for each in items]
    distinct = questions.count("") + len({*questions} - {""})
    if distinct == len(questions):
        return None
    clusters = clusters_of([each.cluster for each in items]) or ()
    return RepeatedRow(
        test_set=test_set, items=len(questions), questions=distinct, clusters=len({*clusters})
    )


def repeated_sentences(section: RepeatedSection) -> Iterator[str]:
    yield from map(_sentence, section.test_sets)


def repeats_of(test_set: str, items: Sequence[ItemLabel]) -> Iterator[str]:
    """The sentence of a test set that isn't decided on yet, where items ask the same."""
    if row := _counted(test_set, items):
        yield _sentence(row)


def _sentence(row: RepeatedRow) -> str:
    return (
        f"The {counted(row.items, 'item')} of {row.test_set} ask "
        f"{counted(row.questions, 'question')}: items with the same text count as one cluster, and "
        f"the interval rests on {counted(row.clusters, 'cluster')}."
    )

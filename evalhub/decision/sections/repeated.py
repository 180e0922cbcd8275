"""Items that ask the same question again: one cluster, however many they are. Pure.

A model answers the same text alike each time, so that its repetitions tell no more than one item.
Same is what a model sees as the same, to the letter: nearness is nobody's to judge.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

from evalhub.decision.align import Aligned, clusters_of
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.amounts import Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.stats.joined import join_clusters


class RepeatedRow(Declaration):
    """A test set of which several items ask the same text.

    Attributes:
        questions: how many different ones there are.
        clusters: of items that have a text or a cluster in common; the intervals rest on those.
    """

    test_set: str
    items: Size
    questions: Size
    clusters: Size


class RepeatedSection(Section):
    """Repeated questions: items with the same text count as one cluster."""

    title: ClassVar[str] = "Repeated questions"
    method: ClassVar[str] = "repeated"
    order: ClassVar[int] = 35

    test_sets: tuple[RepeatedRow, ...]

    @classmethod
    def from_aligned(cls, aligned: Sequence[Aligned]) -> Self | None:
        """A row for each test set of which several items ask the same; None where there is none."""
        rows: dict[str, RepeatedRow] = {}
        for criterion in aligned:
            row = None if criterion.same else _row(criterion)
            if row is not None:
                rows.setdefault(row.test_set, row)
        return cls(test_sets=tuple(rows.values())) if rows else None

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        yield from map(_sentence, self.test_sets)


def with_repeats_joined(items: Sequence[ItemLabel]) -> list[ItemLabel]:
    """The items, those with the same text or the same cluster in one cluster."""
    before = [each.cluster for each in items]
    labels = join_clusters([each.key for each in items], before, [each.question for each in items])
    return [
        item if label == item.cluster else item._replace(cluster=label)
        for item, label in zip(items, labels, strict=True)
    ]


def _row(aligned: Aligned) -> RepeatedRow | None:
    return _count_row(aligned.requirement.test_set, aligned.items)


def _count_row(test_set: str, items: Sequence[ItemLabel]) -> RepeatedRow | None:
    questions = [each.question for each in items]
    distinct = questions.count("") + len({*questions} - {""})
    if distinct == len(questions):
        return None
    clusters = clusters_of([each.cluster for each in items]) or ()
    return RepeatedRow(
        test_set=test_set, items=len(questions), questions=distinct, clusters=len({*clusters})
    )


def repeats_of(test_set: str, items: Sequence[ItemLabel]) -> Iterator[str]:
    """The sentence on repeated questions of a test set before any decision."""
    if row := _count_row(test_set, items):
        yield _sentence(row)


def _sentence(row: RepeatedRow) -> str:
    return (
        f"The {count_text(row.items, 'item')} of {row.test_set} ask "
        f"{count_text(row.questions, 'question')}: items with the same text count as one cluster, "
        f"and the interval rests on {count_text(row.clusters, 'cluster')}."
    )

"""Recall and precision of the lines that a tool names for a fault."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tests.benchmarks.data_faults.planting import FaultKind, PlantedFault, PlantedSet

LEAKS: tuple[FaultKind, ...] = ("leak, exact", "leak, part", "leak, near-copy")
ALSO_RIGHT: Mapping[FaultKind, tuple[FaultKind, ...]] = {
    # an exact copy is a near-copy, and who contradicts repeats the question
    "near-copy": ("exact copy", "contradiction"),
    # one of two rows that contradict each other has a wrong label, and so has a misspelled one
    "wrong label": ("contradiction", "label beyond the list"),
    **dict.fromkeys(LEAKS, LEAKS),
    # data-juicer has one operator for both
    "personal data": ("secret",),
    "secret": ("personal data",),
}
"""Other faults of whose lines it isn't wrong to be named."""


@dataclass(frozen=True, slots=True)
class FaultScore:
    """How well a tool finds a fault.

    Attributes:
        planted: how many there are.
        hits: of these, how many it names, by their line or by the line that they belong to.
        named: lines that it names.
        right: of these, how many have the fault, or one for which they may be named too.
    """

    planted: int
    hits: int
    named: int
    right: int

    @property
    def recall(self) -> float:
        return self.hits / self.planted

    @property
    def precision(self) -> float | None:
        """None where it names no line."""
        return self.right / self.named if self.named else None


def score(planted: PlantedSet, kind: FaultKind, named: Collection[int]) -> FaultScore:
    """The score of the lines that a tool names for one kind of fault."""
    faults = planted.of_kind(kind)
    lines = set(named)
    right = set[int]()
    for other in (kind, *ALSO_RIGHT.get(kind, ())):
        for fault in planted.of_kind(other):
            right |= lines_of(fault)
    return FaultScore(
        planted=len(faults),
        hits=sum(bool(lines & lines_of(fault)) for fault in faults),
        named=len(lines),
        right=len(lines & right),
    )


def lines_of(fault: PlantedFault) -> set[int]:
    """Its line, and the one that it is a copy of or contradicts."""
    return {fault.line} if fault.beside is None else {fault.line, fault.beside}


def kinds_of(planted: PlantedSet) -> list[FaultKind]:
    """The kinds that were planted, in the order of the first of each."""
    return list(dict.fromkeys(fault.kind for fault in planted.faults))

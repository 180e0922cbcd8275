"""Faults planted in a made-up set, with the truth: which line has which.

A row has one fault at most. What a row is a copy of, or contradicts, counts as rightly named beside
it. Copies and contradictions stand anywhere in the file, before or after their original.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from tests.benchmarks.data_faults.changes import (
    contradicted,
    leaked_part,
    misspelled_label,
    mistaken_result,
    nearly_copied,
    with_mixed_template,
    with_other_language,
    with_personal_data,
    with_secret,
    wrongly_labelled,
    wrongly_laid_out,
)
from tests.benchmarks.data_faults.rows import MadeSet, PlainRow

type FaultKind = Literal[
    "exact copy",
    "near-copy",
    "contradiction",
    "wrong label",
    "label beyond the list",
    "wrong result",
    "leak, exact",
    "leak, part",
    "leak, near-copy",
    "secret",
    "personal data",
    "mixed template",
    "wrong layout",
    "other language",
]

COUNTS: Mapping[str, Mapping[FaultKind, float]] = {
    "support": {
        "exact copy": 0.015, "near-copy": 0.02, "contradiction": 0.0125, "wrong label": 0.05,
        "label beyond the list": 0.005, "leak, exact": 0.006, "leak, part": 0.006,
        "leak, near-copy": 0.006, "secret": 0.006, "personal data": 0.015,
        "mixed template": 0.01, "wrong layout": 0.0075,
    },
    "instructions": {
        "exact copy": 0.015, "near-copy": 0.02, "contradiction": 0.01, "leak, exact": 0.005,
        "leak, part": 0.005, "leak, near-copy": 0.005, "secret": 0.005, "personal data": 0.01,
        "mixed template": 0.01, "wrong layout": 0.0075, "other language": 0.01,
    },
    "arithmetic": {
        "exact copy": 0.015, "near-copy": 0.02, "contradiction": 0.01, "wrong result": 0.01,
        "leak, exact": 0.005, "leak, part": 0.005, "leak, near-copy": 0.005,
        "mixed template": 0.01, "wrong layout": 0.0075, "other language": 0.01,
    },
}  # fmt: skip
"""Rows of each fault, as a share of the set's."""

type Change = Callable[[Random, MadeSet, PlainRow], PlainRow]
CHANGED: Mapping[FaultKind, Change] = {
    "wrong label": wrongly_labelled,
    "label beyond the list": misspelled_label,
    "wrong result": mistaken_result,
    "secret": with_secret,
    "personal data": with_personal_data,
    "mixed template": with_mixed_template,
    "wrong layout": wrongly_laid_out,
    "other language": with_other_language,
}
"""Faults of a row that was there before."""
BESIDE: Mapping[FaultKind, Change] = {
    "exact copy": lambda rng, made, row: row,
    "near-copy": nearly_copied,
    "contradiction": contradicted,
}
"""Faults of a row that is added beside one that stays."""
LEAKED: Mapping[FaultKind, Change] = {
    "leak, exact": lambda rng, made, item: item,
    "leak, near-copy": nearly_copied,
}
"""Faults of a row that is an item of the test set; "leak, part" has one within another row."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """A line with a fault, and the line that it belongs to, if any."""

    kind: FaultKind
    line: int
    beside: int | None = None


@dataclass(frozen=True, slots=True)
class PlantedSet:
    """A set with its faults."""

    made: MadeSet
    faults: Sequence[PlantedFault]

    def of_kind(self, kind: FaultKind) -> Sequence[PlantedFault]:
        return [fault for fault in self.faults if fault.kind == kind]


def plant(made: MadeSet, seed: int) -> PlantedSet:
    """The set with its faults, its rows in a new order."""
    rng = Random(seed)
    counts = {kind: round(share * len(made.rows)) for kind, share in COUNTS[made.name].items()}
    rows = list(made.rows)
    untouched = list(range(len(rows)))
    rng.shuffle(untouched)
    items = [*made.test_items]
    rng.shuffle(items)
    kinds: dict[int, FaultKind] = {}
    partners: dict[int, int] = {}
    for kind, count in counts.items():
        for _ in range(count):
            if kind in LEAKED:
                place = len(rows)
                rows.append(LEAKED[kind](rng, made, items.pop()))
            elif kind in BESIDE:
                original = _untouched_row(rows, untouched, kind)
                place, partners[len(rows)] = len(rows), original
                rows.append(BESIDE[kind](rng, made, rows[original]))
            else:
                place = _untouched_row(rows, untouched, kind)
                rows[place] = (
                    leaked_part(rng, made, rows[place], items.pop())
                    if kind == "leak, part"
                    else CHANGED[kind](rng, made, rows[place])
                )
            kinds[place] = kind
    order = list(range(len(rows)))
    rng.shuffle(order)
    line = {place: number for number, place in enumerate(order, 1)}
    faults = [
        PlantedFault(kind, line[place], line[partners[place]] if place in partners else None)
        for place, kind in kinds.items()
    ]
    return PlantedSet(replace(made, rows=[rows[place] for place in order]), faults)


FEWEST_WORDS = 8
"""Of a question that is nearly copied: a shorter one with another word is another question."""


def _untouched_row(rows: Sequence[PlainRow], untouched: list[int], kind: FaultKind) -> int:
    """A row that nothing was done to, suited to the fault. Raises ValueError without one."""
    for i in reversed(range(len(untouched))):
        row = rows[untouched[i]]
        if kind == "near-copy" and len(row.question.split()) < FEWEST_WORDS:
            continue
        if kind == "wrong label" and row.topic == "ambiguous":
            continue
        return untouched.pop(i)
    raise ValueError(f"no row is left for a {kind}")

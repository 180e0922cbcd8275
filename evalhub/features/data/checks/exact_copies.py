"""Rows that are the same word for word, of all rows; and how many are left without them. Pure.

It holds hashes of 8 bytes and no texts: among a million rows two different ones share a hash with a
chance of 3 in 100 million.
"""

from array import array
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    MOST_LINES,
    DataFinding,
    ExampleRow,
    Measure,
    Weight,
)
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.checks.size import size_result
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import normal_form

NAME = "exact-copies"
IMPORTANT = 0.02
"""Share of copies from which they are important, by our choice. Where a tenth of the tokens were
repeats of few texts, a model of 800M parameters did no better than one of 400M (Hernandez et al.
2022, arXiv 2205.10487)."""

SHOWN_OF = 200_000
"""Rows whose copies are shown with their text."""


class CopyCounter:
    """Holds a hash and a line of each row."""

    def __init__(self, settings: CheckSettings) -> None:
        self._task = settings.options.task
        self._hashes, self._lines = array("Q"), array("L")
        # texts aren't held, so a copy is shown when it comes, of one of the first rows
        self._seen: set[int] = set()
        self._examples: list[tuple[int, ExampleRow]] = []

    def see(self, row: TrainingRow) -> None:
        if not row.messages:
            return
        number = row_hash(row)
        self._hashes.append(number)
        self._lines.append(row.line)
        if len(self._examples) == MOST_EXAMPLES:
            return
        if number in self._seen:
            self._examples.append((number, example(row, row.prompt or row.answer)))
        elif len(self._seen) < SHOWN_OF:
            self._seen.add(number)

    def result(self) -> CheckResult:
        hashes = np.frombuffer(self._hashes, np.uint64)
        lines = np.frombuffer(self._lines, np.dtype("L"))
        distinct, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        size = size_result(len(distinct), self._task)
        copies = len(hashes) - len(distinct)
        if not copies:
            return size
        is_copy = np.ones(len(hashes), bool)
        is_copy[first] = False
        if not self._examples:
            place = int(np.flatnonzero(is_copy)[0])
            shown = ExampleRow(line=int(lines[place]), text="a row far behind the one it copies")
            self._examples.append((int(hashes[place]), shown))
        places = np.searchsorted(distinct, [number for number, _ in self._examples])
        examples = [
            shown.model_copy(update={"beside": int(lines[first[place]])})
            for place, (_, shown) in zip(places, self._examples, strict=True)
        ]
        share = copies / len(hashes)
        finding = self._finding(
            copies,
            share,
            int(counts.max()),
            examples=examples,
            lines=lines[is_copy][:MOST_LINES].tolist(),
        )
        measure = Measure(
            check=NAME,
            topic="diversity",
            name="exact_copies",
            label="Rows that are exact copies of an earlier one",
            value=percent(share),
            unit="%",
        )
        return CheckResult(
            findings=[finding, *size.findings],
            measures=[measure, *size.measures],
            unchecked=size.unchecked,
        )

    def _finding(
        self,
        copies: int,
        share: float,
        largest: int,
        *,
        examples: Sequence[ExampleRow],
        lines: Sequence[int],
    ) -> DataFinding:
        weight: Weight = "important" if share >= IMPORTANT else "minor"
        return DataFinding(
            check=NAME,
            topic="diversity",
            weight=weight,
            title=f"Rows that are exact copies of an earlier one: {copies:,} ({share:.1%})",
            rows=copies,
            meaning=(
                "A row that comes n times weighs n times, and is learnt by heart. The most "
                f"frequent one comes {largest:,} times. Case, spaces and punctuation aside, all "
                "messages are the same."
            ),
            advice="Keep one of each, unless it is meant to weigh more.",
            examples=tuple(examples),
            lines=tuple(lines),
        )


def row_hash(row: TrainingRow) -> int:
    """Of all its messages in order, and the rejected answer, in their normal form."""
    parts = [f"{message.role}\x1f{normal_form(message.text)}" for message in row.messages]
    if row.rejected is not None:
        parts.append(f"\x1f{normal_form(row.rejected)}")
    return int.from_bytes(blake2b("\x1e".join(parts).encode(), digest_size=8).digest())


CHECK = DataCheck(name=NAME, topic="diversity", on_all_rows=CopyCounter)

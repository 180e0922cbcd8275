"""The rows that a finding is about, collected while they go by, in bounded memory. Pure."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Self

from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    MOST_LINES,
    DataFinding,
    ExampleRow,
    Topic,
    Weight,
)
from evalhub.features.data.checks.check import cut_text, example
from evalhub.features.data.rows.training_rows import TrainingRow


class ConcernedRows:
    """How many rows there are, the lines of the first ones, and a few as examples.

    Attributes:
        count: all of them.
        lines: of the first 10,000.
        examples: the first five that had a text.
    """

    __slots__ = ("count", "examples", "lines")

    def __init__(self) -> None:
        self.count = 0
        self.lines: list[int] = []
        self.examples: list[ExampleRow] = []

    @classmethod
    def of(cls, rows: Iterable[tuple[TrainingRow, str]]) -> Self:
        """Rows with the part of each that shows what it is about."""
        concerned = cls()
        for row, text in rows:
            concerned.add(row, text)
        return concerned

    @property
    def is_full(self) -> bool:
        """Whether no more examples are kept."""
        return len(self.examples) == MOST_EXAMPLES

    def add(self, row: TrainingRow, text: str, *, beside: int | None = None) -> None:
        """Adds a row; its text is kept only while examples are missing."""
        self.add_line(row.line)
        if not self.is_full:
            self.examples.append(example(row, text, beside=beside))

    def add_line(self, line: int) -> None:
        """Adds a row without an example."""
        self.count += 1
        if len(self.lines) < MOST_LINES:
            self.lines.append(line)

    def finding(
        self,
        *,
        check: str,
        topic: Topic,
        weight: Weight,
        title: str,
        meaning: str,
        advice: str,
        to_people: bool = False,
    ) -> DataFinding:
        """The finding about these rows."""
        return DataFinding(
            check=check,
            topic=topic,
            weight=weight,
            title=title,
            rows=self.count,
            meaning=meaning,
            advice=advice,
            examples=tuple(self.examples),
            lines=tuple(self.lines),
            to_people=to_people,
        )


def texts_of_row(row: TrainingRow) -> list[str]:
    """Every text of a row once: messages, prompt, answers, and its other fields' texts."""
    texts = dict.fromkeys(message.text for message in row.messages)
    texts |= dict.fromkeys((row.system, row.prompt, row.answer, row.rejected or ""))
    for value in row.fields.values():
        if isinstance(value, str):
            texts[value] = None
        elif isinstance(value, dict | list):
            texts |= dict.fromkeys(islice(_nested_texts(value), _MOST_NESTED))
    texts.pop("", None)
    return [*texts]


_MOST_NESTED = 100
"""Texts of a field that is a list or an object."""


def _nested_texts(value: object) -> Iterable[str]:
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def on_one_line(text: str, longest: int = 60) -> str:
    """A text in quotation marks on one line, cut to what a title or a cell shows."""
    line = " ".join(text[: 4 * longest].encode(errors="replace").decode().split())
    return f"“{line if len(line) <= longest else f'{line[: longest - 1]}…'}”"


def top_rows(
    counts: Sequence[tuple[str, int]], total: int, most: int
) -> tuple[tuple[str, int, float], ...]:
    """Rows of a table of shares, the most frequent first: value, rows, per cent."""
    ranked = sorted(counts, key=lambda entry: (-entry[1], entry[0]))[:most]
    return tuple((cut_text(value), rows, round(100 * rows / total, 2)) for value, rows in ranked)

"""What a check is: it sees every row once, or a random sample of them, and reports. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evalhub.declare.data_report import (
    LONGEST_EXAMPLE,
    CheckOptions,
    DataFinding,
    ExampleRow,
    Measure,
    ReportTable,
    Topic,
    Unchecked,
)
from evalhub.features.data.checks.masked import masked_text
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.data.rows.verdicts import RowVerdict
from evalhub.ledger.leakage.matching import ItemTexts


@dataclass(frozen=True, slots=True)
class ReferenceText:
    """A question of production, or a row of the file that is compared with.

    Attributes:
        text: what is asked.
        user: who asked, as a keyed hash; "" where nobody knows.
        slices: by a kind of slice, such as route, the values that it has; a kind of which nothing
            is known is left out.
        weight: how many requests it stands for.
    """

    text: str
    user: str = ""
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What the checks are given beside the rows.

    Attributes:
        options: what was asked.
        reference: texts to be represented, None without any.
        test_sets: the items of each test set to be searched for, by its name.
        labels: the list of labels that are allowed, empty where none was given.
        judged, labelled: what a judge and people say of rows, by their lines.
        extras: whether optional libraries may be used (tests turn them off).
        rows: of the whole file, once all were read: the checks on the sample know it.
    """

    options: CheckOptions = field(default_factory=CheckOptions)
    reference: Sequence[ReferenceText] | None = None
    test_sets: Mapping[str, Iterable[ItemTexts]] = field(default_factory=dict)
    labels: Sequence[str] = ()
    judged: Mapping[int, RowVerdict] = field(default_factory=dict)
    labelled: Mapping[int, RowVerdict] = field(default_factory=dict)
    extras: bool = True
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found."""

    findings: Sequence[DataFinding] = ()
    measures: Sequence[Measure] = ()
    tables: Sequence[ReportTable] = ()
    unchecked: Sequence[Unchecked] = ()


class RowCounter(Protocol):
    """A check while all rows go by, in bounded memory."""

    def see(self, row: TrainingRow) -> None:
        """Takes the next row."""

    def result(self) -> CheckResult:
        """What was found, once all rows were seen."""


@dataclass(frozen=True, slots=True)
class DataCheck:
    """A check and how it is made: exactly one of `on_all_rows` and `on_sample`.

    Attributes:
        name: as findings name it, such as "near-copies".
        on_all_rows: makes what sees every row.
        on_sample: what it finds in a random sample of the rows, in the file's order.
    """

    name: str
    topic: Topic
    on_all_rows: Callable[[CheckSettings], RowCounter] | None = None
    on_sample: Callable[[Sequence[TrainingRow], CheckSettings], CheckResult] | None = None


_MASKED = 4_000
"""Characters of which the shown ones are the first: a value that is cut isn't recognised."""


def cut_text(text: str) -> str:
    """A text cut to what is shown of a row, without personal data and secrets; half a character,
    as JSON can hold, is a "?"."""
    text = masked_text(text[:_MASKED])
    cut = text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 1]}…"
    return cut.encode(errors="replace").decode()


def example(row: TrainingRow, text: str, *, beside: int | None = None) -> ExampleRow:
    """The example of a row, its text cut to what is shown."""
    return ExampleRow(line=row.line, text=cut_text(text), beside=beside)

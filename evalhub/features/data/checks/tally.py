"""Rows that something is wrong with: their number, lines, and the first as examples. Pure."""

from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    MOST_LINES,
    DataFinding,
    ExampleRow,
    Topic,
    Weight,
)
from evalhub.features.data.checks.check import example
from evalhub.features.data.rows.training_rows import TrainingRow


class RowTally:
    """Counts rows, in bounded memory."""

    def __init__(self) -> None:
        self.rows = 0
        self.lines: list[int] = []
        self.examples: list[ExampleRow] = []

    def add(self, row: TrainingRow, text: str, *, beside: int | None = None) -> None:
        self.rows += 1
        if len(self.lines) < MOST_LINES:
            self.lines.append(row.line)
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(example(row, text, beside=beside))

    def finding(
        self, check: str, topic: Topic, weight: Weight, title: str, *, meaning: str, advice: str
    ) -> DataFinding:
        """A finding about these rows, whose number ends the title."""
        return DataFinding(
            check=check,
            topic=topic,
            weight=weight,
            title=f"{title}: {self.rows:,}",
            rows=self.rows,
            meaning=meaning,
            advice=advice,
            examples=tuple(self.examples),
            lines=tuple(self.lines),
        )


def rows_text(count: int) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def percent(share: float) -> float:
    """A share in percent, as measures and tables show it."""
    return round(100 * share, 2)

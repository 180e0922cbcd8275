"""A random audit of the file: how many rows to read, and which, for a stated error rate. Pure.

No program knows whether an answer is right. People read rows that were drawn at random; how many
errors they find among them bounds the error rate of the whole file, exactly.
"""

import heapq
import random
from itertools import takewhile

from evalhub.decision.wording import percent
from evalhub.declare.data_report import Measure, ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.stats.audit import audit_interval, audit_size

NAME = "audit"
RATES = (0.05, 0.02, 0.01)
"""Error rates that an audit without an error rules out, the easiest first."""
STATED = RATES[-1]
CONFIDENCE = 0.95
MOST_WRONG = 5
"""Wrong rows of an audit up to which its interval is printed."""


class AuditSample:
    """Draws the rows to read: those with the smallest random numbers, in that order."""

    def __init__(self, settings: CheckSettings) -> None:
        self._rows = 0
        self._random = random.Random(settings.options.seed)
        self._most = audit_size(STATED, confidence=CONFIDENCE) or 0
        self._drawn: list[tuple[float, int]] = []
        self._labels = settings.labelled

    def see(self, row: TrainingRow) -> None:
        self._rows += 1
        number = self._random.random()
        if len(self._drawn) < self._most:
            heapq.heappush(self._drawn, (-number, row.line))
        elif -number > self._drawn[0][0]:
            heapq.heapreplace(self._drawn, (-number, row.line))

    def result(self) -> CheckResult:
        if not self._rows:
            return CheckResult()
        lines = [line for _, line in sorted(self._drawn, reverse=True)]
        sizes = {rate: self._size(rate) for rate in RATES}
        stated = sizes[STATED]
        return CheckResult(
            measures=[
                Measure(
                    check=NAME,
                    topic="accuracy",
                    name="audit rows",
                    label="Rows that people read for a random audit",
                    value=stated,
                    unit="rows",
                    note=f"none of them wrong shows that less than {percent(STATED)} of the rows "
                    f"are, with {percent(CONFIDENCE)} confidence; each that is wrong widens it",
                ),
                *self._share_wrong(lines),
            ],
            tables=[_lines_table(sizes, lines), self._interval_table(stated)],
        )

    def _share_wrong(self, lines: list[int]) -> list[Measure]:
        """What people's labels of these rows show: of the first ones in the order in which they
        were drawn, since what people chose to read is no random sample."""
        read = list(takewhile(self._labels.__contains__, lines))
        if not read:
            return []
        wrong = sum(self._labels[line].verdict == "wrong" for line in read)
        limits = audit_interval(wrong, len(read), population=self._rows)
        return [
            Measure(
                check=NAME,
                topic="accuracy",
                name="wrong rows",
                label="Wrong answers, by the audit",
                value=100 * wrong / len(read),
                lower=100 * (limits.lower or 0.0),
                upper=100 * (limits.upper or 0.0),
                unit="%",
                note=f"people called {wrong:,} of the first {len(read):,} rows of the audit wrong; "
                "exact 95% limits",
            )
        ]

    def _size(self, rate: float) -> int:
        """Rows to read; of a file so small that a sample can't show it, all of them."""
        size = audit_size(rate, confidence=CONFIDENCE, population=self._rows)
        return min(self._rows, self._most) if size is None else size

    def _interval_table(self, rows: int) -> ReportTable:
        cells = []
        for wrong in range(min(MOST_WRONG, rows) + 1):
            limits = audit_interval(wrong, rows, population=self._rows)
            lower, upper = limits.lower or 0.0, limits.upper or 0.0
            cells.append((wrong, round(100 * lower, 3), round(100 * upper, 3)))
        return ReportTable(
            check=NAME,
            topic="accuracy",
            title=f"What an audit of {rows:,} rows shows",
            columns=("wrong rows", "error rate from %", "to %"),
            rows=tuple(cells),
            note="Exact two-sided 95% limits of the file's error rate (hypergeometric). Decide "
            "what is wrong before reading, and read every row that was drawn.",
        )


def _lines_table(sizes: dict[float, int], lines: list[int]) -> ReportTable:
    """Which rows, so that those of a stricter audit add to those that were read."""
    cells: list[tuple[str, int, str]] = []
    start = 0
    for rate, size in sizes.items():
        if size > start or not cells:
            some = ", ".join(str(line) for line in sorted(lines[start:size]))
            cells.append((percent(rate), size, some))
            start = size
    return ReportTable(
        check=NAME,
        topic="accuracy",
        title="Rows to read at random",
        columns=("if none is wrong, below", "rows in all", "lines to read, besides those above"),
        rows=tuple(cells),
        note=f"Drawn by the seed; at {percent(CONFIDENCE)} confidence, one-sided.",
    )


CHECK = DataCheck(name=NAME, topic="accuracy", on_all_rows=AuditSample)

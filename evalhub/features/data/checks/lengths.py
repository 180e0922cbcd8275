"""How long prompts and answers are, and the rows that are unlike all others. Pure; all rows."""

import math
from array import array

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    MOST_LINES,
    Cell,
    DataFinding,
    ExampleRow,
    ReportTable,
)
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "lengths"
SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
COLUMNS = ("of", "rows", "shortest", "5%", "25%", "half", "75%", "95%", "99%", "longest")
FAR_OUT = 3.0
"""Of the middle half's spread, on the scale of logarithms: beyond it a length is far out (Tukey
1977, Exploratory Data Analysis, section 2D, whose far-out values are at three steps)."""
LEAST_FACTOR = 4.0
"""Where nearly all are of one length, less than so many times of it is no outlier."""
FEWEST_ROWS = 100


class LengthCounter:
    """Holds four numbers a row."""

    def __init__(self, settings: CheckSettings) -> None:
        self._lines = array("L")
        self._characters = {"prompt": array("L"), "answer": array("L")}
        self._words = {"prompt": array("L"), "answer": array("L")}

    def see(self, row: TrainingRow) -> None:
        if not row.prompt and not row.answer:
            return
        self._lines.append(row.line)
        for part, text in (("prompt", row.prompt), ("answer", row.answer)):
            self._characters[part].append(len(text))
            self._words[part].append(len(text.split()))

    def result(self) -> CheckResult:
        if not self._lines:
            return CheckResult()
        rows: list[tuple[Cell, ...]] = []
        for unit, lengths in (("words", self._words), ("characters", self._characters)):
            for part, numbers in lengths.items():
                values = np.frombuffer(numbers, np.dtype("L"))
                if values.any():
                    figures = np.quantile(values, SHARES, method="inverted_cdf")
                    rows.append((f"{part}, {unit}", len(values), *map(int, figures)))
        table = ReportTable(
            check=NAME, topic="diversity", title="Lengths", columns=COLUMNS, rows=tuple(rows)
        )
        return CheckResult(findings=self._findings(), tables=[table])

    def _findings(self) -> list[DataFinding]:
        if len(self._lines) < FEWEST_ROWS:
            return []
        lines = np.frombuffer(self._lines, np.dtype("L"))
        characters = np.frombuffer(self._characters["answer"], np.dtype("L"))
        usual = int(np.median(characters))
        findings = []
        for is_long, places in enumerate(_far_out(characters)):
            if not places.size:
                continue
            longer = "longer" if is_long else "shorter"
            # the farthest are shown, the first lines are listed
            shown = places[np.argsort(characters[places])][:: -1 if is_long else 1]
            findings.append(
                DataFinding(
                    check=NAME,
                    topic="diversity",
                    weight="minor",
                    title=f"Rows with an answer far {longer} than usual: {places.size:,}",
                    rows=int(places.size),
                    meaning=(
                        "Such answers are often cut off, pasted twice, or a document in place of "
                        "an answer."
                    ),
                    advice="Look at these rows; mend them, or leave them out.",
                    examples=tuple(
                        ExampleRow(
                            line=int(lines[place]),
                            text=f"{characters[place]:,} characters; half of all answers have "
                            f"{usual:,} or more",
                        )
                        for place in shown[:MOST_EXAMPLES]
                    ),
                    lines=tuple(lines[places[:MOST_LINES]].tolist()),
                )
            )
        return findings


def _far_out(lengths: NDArray[np.unsignedinteger]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of lengths that are far shorter, and far longer, than the middle half."""
    logs = np.log1p(lengths.astype(np.float64))
    low, high = np.quantile(logs, (0.25, 0.75))
    reach = max(FAR_OUT * (high - low), math.log(LEAST_FACTOR))
    # an empty answer is a flaw of its own
    short = np.flatnonzero((logs < low - reach) & (lengths > 0))
    return short, np.flatnonzero(logs > high + reach)


CHECK = DataCheck(name=NAME, topic="diversity", on_all_rows=LengthCounter)

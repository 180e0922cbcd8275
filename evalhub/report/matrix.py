"""Arms by criteria: every arm's difference for every criterion in one table, on one scale. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Status, Verdict
from evalhub.report.charts.scale import Tick
from evalhub.report.forest import Plot, common_scale, plot

AS_ASKED, WORST, NAME = "", "worst", "name"
_ORDER = [Status.FAIL, Status.OPEN, Status.PASS]


@dataclass(frozen=True, slots=True)
class MatrixArm:
    """A column: an arm with its newest decision; `why` says why it has no cells, else ""."""

    name: str
    decision: int | None
    verdict: Verdict | None
    record: DecisionRecord | None

    @property
    def why(self) -> str:
        if self.record is None:
            return "not decided yet: its scores are sealed"
        return "invalid evidence shows no result" if self.verdict is Verdict.INVALID else ""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A cell: one arm on one criterion; `number` is its position in the decision's record, from
    1."""

    values: Criterion
    plot: Plot | None
    decision: int | None
    number: int


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row: a criterion on each arm in order; None for an arm that wasn't judged by it."""

    name: str
    role: str
    metric: str
    requires: str
    cells: Sequence[MatrixCell | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """`sort` is what the rows are sorted by: "" as they were asked, "worst", "name", or the name of
    an arm after "arm:"."""

    arms: Sequence[MatrixArm]
    rows: Sequence[MatrixRow]
    ticks: Sequence[Tick]
    sort: str


def matrix(arms: Sequence[MatrixArm], sort: str) -> Matrix | None:
    """The table of these arms; None where no arm has a criterion to show."""
    by_arm = {
        arm.name: {each.name: (number, each) for number, each in enumerate(_criteria(arm), 1)}
        for arm in arms
    }
    scale = common_scale(each for rows in by_arm.values() for _, each in rows.values())
    names = dict.fromkeys(name for rows in by_arm.values() for name in rows)
    rows = []
    for name in names:
        cells = []
        for arm in arms:
            number, criterion = by_arm[arm.name].get(name, (0, None))
            drawn = (
                None if criterion is None else plot(criterion, scale, label=f"{arm.name}, {name}")
            )
            cells.append(
                None if criterion is None else MatrixCell(criterion, drawn, arm.decision, number)
            )
        first = next(cell.values for cell in cells if cell)
        rows.append(MatrixRow(name, first.role, first.metric, first.requires, cells))
    if not rows:
        return None
    sorts = {AS_ASKED, WORST, NAME, *(f"arm:{arm.name}" for arm in arms)}
    sort = sort if sort in sorts else AS_ASKED
    return Matrix(arms, _sort(rows, [arm.name for arm in arms], sort), scale.ticks(5), sort)


def _criteria(arm: MatrixArm) -> Iterable[Criterion]:
    return arm.record.criteria if arm.record is not None and not arm.why else ()


def _sort(rows: list[MatrixRow], arms: Sequence[str], sort: str) -> list[MatrixRow]:
    """Sort the rows; by an arm: its failures first, and among equals the largest loss first."""
    if sort == NAME:
        return sorted(rows, key=lambda row: row.name)
    if sort == WORST:
        return sorted(rows, key=lambda row: min(map(_badness, row.cells)))
    if sort == AS_ASKED:
        return rows
    at = arms.index(sort.removeprefix("arm:"))
    return sorted(rows, key=lambda row: _badness(row.cells[at]))


def _badness(cell: MatrixCell | None) -> tuple[int, float]:
    if cell is None:
        return len(_ORDER), 0.0
    return _ORDER.index(cell.values.status), cell.values.difference

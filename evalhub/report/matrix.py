"""Arms by criteria in one table: each arm's value, and one arm's difference drawn. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Status, Verdict
from evalhub.report.charts.scale import Tick
from evalhub.report.forest import Plot, common_scale, plot

WORST, NAME = "", "name"
_ORDER = [Status.FAIL, Status.OPEN, Status.PASS]


@dataclass(frozen=True, slots=True)
class MatrixArm:
    """A column: an arm with its newest decision. `current` is the one whose differences are
    drawn."""

    name: str
    decision: int | None
    verdict: Verdict | None
    record: DecisionRecord | None
    current: bool = False

    @property
    def why(self) -> str:
        """Why it has no values; "" where it has."""
        if self.record is None:
            return "not decided yet: sealed"
        return "invalid evidence shows no result" if self.verdict is Verdict.INVALID else ""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One arm on one criterion; `number` is its position in the decision's record, from 1."""

    arm: str
    values: Criterion
    decision: int | None
    number: int
    current: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A criterion on each arm in order, None for an arm that wasn't judged by it; `drawn` is the
    current arm's, with its plot."""

    first: Criterion
    cells: Sequence[MatrixCell | None]
    drawn: MatrixCell | None
    plot: Plot | None

    @property
    def link(self) -> MatrixCell | None:
        """Whose page says how it was computed: the current arm's, else the first that has one."""
        return self.drawn or next((cell for cell in self.cells if cell), None)


@dataclass(frozen=True, slots=True)
class Matrix:
    """`sort` is what the rows are sorted by: "" for what must gain and then the worst, "name", or
    the name of an arm after "arm:"."""

    baseline: str
    arms: Sequence[MatrixArm]
    rows: Sequence[MatrixRow]
    ticks: Sequence[Tick]
    sort: str

    @property
    def columns(self) -> int:
        """How many stand before the plots: criterion, baseline, arms, difference, interval."""
        return 4 + len(self.arms)

    @property
    def current(self) -> MatrixArm | None:
        return next((arm for arm in self.arms if arm.current), None)


def matrix(arms: Sequence[MatrixArm], sort: str) -> Matrix | None:
    """The table of these arms; None where no arm has a criterion to show."""
    by_arm = {
        arm.name: {each.name: (number, each) for number, each in enumerate(_criteria(arm), 1)}
        for arm in arms
    }
    drawn = next((arm for arm in arms if arm.current), arms[0] if arms else None)
    scale = common_scale(each for _, each in by_arm[drawn.name].values()) if drawn else None
    rows = []
    for name in dict.fromkeys(name for rows in by_arm.values() for name in rows):
        cells = [_cell(arm, *by_arm[arm.name].get(name, (0, None))) for arm in arms]
        current = next((cell for cell in cells if cell and cell.current), None)
        first = (current or next(cell for cell in cells if cell)).values
        picture = None
        if current and scale and drawn and drawn.record:
            noise = drawn.record.noise_of(current.values)
            picture = plot(current.values, scale, label=name, noise=noise)
        rows.append(MatrixRow(first, cells, current, picture))
    if not rows or scale is None:
        return None
    record = next(arm.record for arm in arms if arm.record and not arm.why)
    names = [arm.name for arm in arms]
    sort = sort if sort in {WORST, NAME, *(f"arm:{name}" for name in names)} else WORST
    ordered = _sort(rows, names, sort)
    return Matrix(record.arms.baseline.name, arms, ordered, scale.ticks(5), sort)


def _cell(arm: MatrixArm, number: int, criterion: Criterion | None) -> MatrixCell | None:
    if criterion is None:
        return None
    return MatrixCell(arm.name, criterion, arm.decision, number, arm.current)


def _criteria(arm: MatrixArm) -> Iterable[Criterion]:
    return arm.record.criteria if arm.record is not None and not arm.why else ()


def _sort(rows: list[MatrixRow], arms: Sequence[str], sort: str) -> list[MatrixRow]:
    """Sort the rows; by an arm: its failures first, and among equals the largest loss first."""
    if sort == NAME:
        return sorted(rows, key=lambda row: row.first.name)
    if sort == WORST:
        return sorted(rows, key=lambda row: (row.first.kind.order, _badness(row.link)))
    at = arms.index(sort.removeprefix("arm:"))
    return sorted(rows, key=lambda row: _badness(row.cells[at]))


def _badness(cell: MatrixCell | None) -> tuple[int, float]:
    if cell is None:
        return len(_ORDER), 0.0
    return _ORDER.index(cell.values.status), cell.values.difference

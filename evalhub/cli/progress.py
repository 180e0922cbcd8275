"""Progress bars for imports and runs."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as Remaining

from evalhub.files.rows import progress_total

if TYPE_CHECKING:
    from evalhub.registry.models import Run
    from evalhub.studies.spec import StudySpec

MARKS = {"done": "[green]✓[/]", "failed": "[red]✗[/]", "cancelled": "[yellow]–[/]"}


class _Bars:
    def __init__(self, console: Console) -> None:
        self.bars = Progress(
            TextColumn("{task.fields[mark]}"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Remaining(compact=True),
            console=console,
        )
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()


class ImportBars(_Bars):
    """A bar for each test set, called with its name and the line that has been read."""

    def __init__(self, console: Console, spec: "StudySpec") -> None:
        super().__init__(console)
        self._spec = spec

    def __call__(self, test_set: str, line: int) -> None:
        if test_set not in self.tasks:
            total = progress_total(self._spec.folder / self._spec.test_sets[test_set].file)
            self.tasks[test_set] = self.bars.add_task(f"read {test_set}", total=total, mark=" ")
        self.bars.update(self.tasks[test_set], completed=line)


class FileBar(_Bars):
    """A bar for one file, called with the line that has been read."""

    def __init__(self, console: Console, path: Path) -> None:
        super().__init__(console)
        self._file = self.bars.add_task(path.name, total=progress_total(path), mark=" ")

    def __call__(self, line: int) -> None:
        self.bars.update(self._file, completed=line)


class RunBars(_Bars):
    """A bar for all runs together, and a line for each that failed."""

    def __call__(self, runs: "list[Run]") -> None:
        if "runs" not in self.tasks:
            self.tasks["runs"] = self.bars.add_task("answer and score", total=1, mark=" ")
        total = sum(run.test_set_version.item_count for run in runs)
        done = sum(run.items_done for run in runs)  # type: ignore[attr-defined]
        ended = sum(run.state in MARKS for run in runs)
        self.bars.update(
            self.tasks["runs"],
            total=total,
            completed=done,
            description=f"answer and score: {ended} of {len(runs)} runs",
            mark=MARKS["done"] if ended == len(runs) else " ",
        )
        for run in runs:
            if run.state == "failed" and str(run.pk) not in self.tasks:
                self.tasks[str(run.pk)] = self.bars.add_task(
                    f"{run}: {run.error}", total=1, mark=MARKS["failed"]
                )

"""Progress of imports and runs: bars on a terminal, a line now and then in a log or a pipe."""

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as Remaining
from rich.text import Text

from evalhub.io.rows import progress_total

if TYPE_CHECKING:
    from evalhub.judges.models import JudgeRun
    from evalhub.registry.models import Run
    from evalhub.studies.file.spec import StudySpec

ENDED = {"done", "failed", "cancelled"}
EVERY_S = 10.0
"""Seconds between two lines about the same thing where there is no terminal."""
FEWEST = 1 / 50
"""Of all there is: less tells little of the rest, since a model may have been loading meanwhile."""


class _Line:
    """The line of one operation: its text, and when it was last printed."""

    def __init__(self, count: int) -> None:
        self.line = self.printed = ""
        self.at = self.began = time.monotonic()
        self.done_then = count

    def left(self, count: int, total: int) -> str:
        """How long the rest takes at the present speed; "" before that can be estimated."""
        took, came = time.monotonic() - self.began, count - self.done_then
        if came < FEWEST * total or not came or took < EVERY_S or count >= total:
            return ""
        minutes = took / came * (total - count) / 60
        return ", less than a minute left" if minutes < 1 else f", about {minutes:,.0f} min left"


class Bars:
    """Things that go on, each known by a key: how far each is.

    Without a terminal, what is over within EVERY_S isn't told, unless `always`.
    """

    def __init__(self, console: Console, *, always: bool = False) -> None:
        self._console, self._always = console, always
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Remaining(compact=True),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._lines: dict[str, _Line] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()
        for state in self._lines.values():
            if self._always or state.printed:
                self._print(state)

    def show(self, key: str, label: str, count: int, total: int | None) -> None:
        """Shows progress; `total` is None if unknown."""
        if self._console.is_terminal:
            if key not in self._tasks:
                self._tasks[key] = self._bars.add_task(label, total=total)
            self._bars.update(self._tasks[key], description=label, completed=count, total=total)
            return
        state = self._lines.setdefault(key, _Line(count))
        of = "" if total is None else f" of {total:,}{state.left(count, total)}"
        state.line = f"{label}: {count:,}{of}"
        if time.monotonic() - state.at >= EVERY_S:
            self._print(state)

    def say(self, sentence: str) -> None:
        """Prints a whole line above the bars."""
        self._console.print(Text(sentence), soft_wrap=True)

    def _print(self, state: _Line) -> None:
        if state.line != state.printed:
            self.say(state.line)
        state.printed, state.at = state.line, time.monotonic()


class ImportBars(Bars):
    """A bar for each test set, called with its name and the line that has been read."""

    def __init__(self, console: Console, spec: "StudySpec") -> None:
        super().__init__(console)
        self._spec = spec
        self._totals: dict[str, int | None] = {}

    def __call__(self, test_set: str, line: int) -> None:
        if test_set not in self._totals:
            file = self._spec.test_sets[test_set].file
            self._totals[test_set] = progress_total(self._spec.file(file)) if file else None
        self.show(test_set, f"read {test_set}", line, self._totals[test_set])


class FileBar(Bars):
    """A bar for one file, called with the line that has been read."""

    def __init__(self, console: Console, path: Path) -> None:
        super().__init__(console)
        self._name, self._total = path.name, progress_total(path)

    def __call__(self, line: int) -> None:
        self.show(self._name, f"read {self._name}", line, self._total)


class StepBars(Bars):
    """A bar for one file, called with "rows" and the line that has been read, and then a line for
    each step that works on a part of its rows, called with its name and how many they are."""

    def __init__(self, console: Console, path: Path) -> None:
        super().__init__(console)
        self._name, self._total = path.name, progress_total(path)

    def __call__(self, step: str, count: int) -> None:
        if step == "rows":
            self.show(step, f"read {self._name}", count, self._total)
        else:
            self.show(step, step, count, count)


class RunBars(Bars):
    """Progress bars: one for all runs together, a line for each run that failed or reused answers,
    and one for a run that no worker takes."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, always=True)
        self._failed: set[int] = set()
        self._reused: set[int] = set()
        self._verdicts: dict[int, int] = {}
        self._unattended = ""

    def __call__(self, runs: "list[Run]") -> None:
        from runners.progress import runs_without_worker

        total = sum(run.test_set_version.item_count for run in runs)
        answered = sum(run.items_done for run in runs)  # type: ignore[attr-defined]
        ended = sum(run.state in ENDED for run in runs)
        self.show(
            "runs", f"answer and score: {ended} of {len(runs)} runs, answers", answered, total
        )
        for run in runs:
            if run.state == "failed" and run.pk not in self._failed:
                self._failed.add(run.pk)
                self.say(f"✗ {run}: {run.error}")
            if run.state in ENDED and run.reused and run.pk not in self._reused:
                self._reused.add(run.pk)
                self.say(f"{run}: {run.reused:,} answers were reused")
        sentence = runs_without_worker(runs)
        advice = sentence.partition(":")[2]  # the same whether one run waits or more
        if advice and advice != self._unattended:
            self.say(f"? {sentence[0].upper()}{sentence[1:]}")
        self._unattended = advice

    def show_judge(self, judge_run: "JudgeRun") -> None:
        """Shows the progress of the judge of pairs."""
        from evalhub.judges.pairs import count_pairs

        if judge_run.pk not in self._verdicts:
            self._verdicts[judge_run.pk] = 2 * count_pairs(judge_run)
        votes = judge_run.votes.count()
        self.show(
            f"judge {judge_run.pk}",
            f"{judge_run.judge} judges",
            votes,
            self._verdicts[judge_run.pk],
        )

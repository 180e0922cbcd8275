"""Wait for runs to end."""

import time
from collections.abc import Callable, Sequence

from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from runners.launch import goes_on, resume
from runners.queue import enqueue, idle_in_this_process

OPEN = (RunState.PENDING, RunState.RUNNING)

type Progress = Callable[[list[Run]], None]
"""Called with the runs, each with `items_done`, whenever they have been looked at."""


class Pause:
    """Between two looks: short at first, then a twentieth of what has been waited, half a second at
    most. It ends at once where a worker of this process finds nothing more to do."""

    SHORTEST_S, LONGEST_S, SHARE = 0.1, 0.5, 0.05

    def __init__(self) -> None:
        self._began, self._seen = time.monotonic(), idle_in_this_process.count

    def __call__(self) -> None:
        share = self.SHARE * (time.monotonic() - self._began)
        idle_in_this_process.wait(self._seen, min(max(self.SHORTEST_S, share), self.LONGEST_S))
        self._seen = idle_in_this_process.count


def answer(runs: Sequence[Run], *, progress: Progress | None = None) -> list[Run]:
    """Waits until runs have ended, also those of no study; a worker must be running.

    What failed or was cancelled is taken up again; what was answered stays.
    """
    keys, pause = [run.pk for run in runs], Pause()
    take_up(with_progress(keys), retry_errors=True)
    while True:
        now = with_progress(keys)
        if progress is not None:
            progress(now)
        open_runs = [run for run in now if run.state in OPEN]
        if not open_runs:
            return now
        pause()


def take_up(runs: Sequence[Run], *, retry_errors: bool) -> None:
    """Enqueues open runs, and resumes failed or cancelled ones."""
    for run in runs:
        if goes_on(run, retry_errors=retry_errors):
            resume(run, by=None)
        elif run.state in OPEN:
            enqueue(run)


def with_progress(keys: list[int]) -> list[Run]:
    """These runs with `items_done`, read again."""
    runs = {
        run.pk: run
        for run in Run.objects.filter(pk__in=keys)
        .with_progress()
        .select_related("version__model", "test_set_version__test_set")
    }
    return [runs[key] for key in keys]

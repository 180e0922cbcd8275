"""The site's side of jobs: a process started for each, and what becomes of it."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections, connection

from evalhub.jobs.models import Job
from evalhub.jobs.queue import NEWS, claim_next, drop_old, give_back, take_back_lost
from evalhub.registry.uploads import drop_old_uploads
from runners import outages

LOOK_S = 1.0
TIDY_S = 600.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
STOP_S = 5.0

logger = logging.getLogger(__name__)


def most_at_once() -> int:
    """Jobs that are worked on at once, each of another project: a core is left to people."""
    return max(1, (os.cpu_count() or 1) - 1)


class JobRunner:
    """Starts a process for each job that may be worked on, and ends them with the site."""

    def __init__(self) -> None:
        self._tidied = -TIDY_S
        self._processes: dict[int, tuple[Job, subprocess.Popen[bytes]]] = {}

    def look(self) -> None:
        """Takes note of processes that ended, and starts those that there is room for."""
        for pk, (job, process) in list(self._processes.items()):
            if (code := process.poll()) is not None:
                _close(process)
                del self._processes[pk]
                give_back(job, reason=_reason(code))
        take_back_lost()
        if time.monotonic() - self._tidied > TIDY_S:
            self._tidied = time.monotonic()
            drop_old()
            drop_old_uploads()  # here, for a worker elsewhere doesn't have them
        while len(self._processes) < most_at_once() and (claimed := claim_next()) is not None:
            try:
                self._processes[claimed.pk] = claimed, _start(claimed)
            except OSError as error:
                logger.error("no process can be started for job %d: %s", claimed.pk, error)
                reason = f"No process could be started: {error.strerror or error}"
                give_back(claimed, reason=reason)

    def stop(self) -> None:
        """Ends all processes; their jobs are begun anew by the next site."""
        for _, process in self._processes.values():
            process.terminate()
        for job, process in self._processes.values():
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _close(process)
            give_back(job, reason="The site was stopped", counted=False)
        self._processes.clear()


@contextmanager
def job_runner() -> Iterator[None]:
    """Works on jobs, on a thread of this process that starts others, while the block runs."""
    ended, runner = threading.Event(), JobRunner()

    def repeat() -> None:
        while not ended.is_set():
            NEWS.clear()
            try:
                close_old_connections()
                runner.look()
                outages.database.came_back(at="jobs")
            except outages.DATABASE_AWAY as error:
                outages.database.went_away(error, at="jobs")
            except Exception:
                logger.exception("could not look for jobs")
            NEWS.wait(LOOK_S)
        try:
            runner.stop()
        except outages.DATABASE_AWAY:
            logger.warning("jobs that were worked on are taken up again in a minute")
        connection.close()

    thread = threading.Thread(target=repeat, name="jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        NEWS.set()
        thread.join()


def _start(job: Job) -> "subprocess.Popen[bytes]":
    """A process of its own, which begins a fresh interpreter: threads don't survive a fork."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "evalhub.jobs.process", str(job.pk)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | ONE_THREAD,
    )


def _close(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()


def _reason(code: int) -> str:
    if code < 0:
        return f"Its process was killed (signal {-code}), perhaps for want of memory"
    return f"Its process ended with {code}"

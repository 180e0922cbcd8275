"""Answers scored by a team's own function, in a process apart that is timed and killed.

A process for each source holds the code (`runners.metrics.own_worker`). An answer that takes
too long, ends the process or gives no number in the metric's range is unscored, with the reason;
the rest of the batch goes on in a fresh fork.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evalhub.declare.keys import is_ours
from runners.metrics.own import FunctionMetric, reason_text, score_of
from runners.metrics.own_source import MetricSource, OwnCodeError
from runners.metrics.score import MetricScore, Scorable
from runners.metrics.subprocess_scoring import frame, is_readable

START_S = 120.0
"""That loading the code may take."""
MOST_DEATHS = 3
"""Answers of one batch, one after the other, that may end the process; the rest isn't tried."""
MOST_KEPT = 4
"""Processes that are kept for the next batch."""


class _GoneError(Exception):
    """The process is gone, or says what nobody asked."""


class _Process:
    """The process of one source. One batch at a time."""

    def __init__(self, source: MetricSource) -> None:
        path = os.pathsep.join(folder for folder in sys.path if folder)
        env = {name: value for name, value in os.environ.items() if not is_ours(name)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "runners.metrics.own_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env | {"PYTHONPATH": path},
            bufsize=0,
            start_new_session=True,
        )
        self.owner = os.getpid()
        self.lock = threading.Lock()
        self.fork = 0
        self.ended = False
        try:
            self.write(source.message | {"sha256": source.sha256})
            first = self.read(START_S)
        except (TimeoutError, _GoneError, OSError):
            self.end()
            raise OwnCodeError(f"{source.origin} wasn't loaded within {START_S:g} s") from None
        if "failed" in first:
            self.end()
            raise OwnCodeError(f"{source.origin} can't be loaded to score by: {first['failed']}")

    def write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        left = memoryview(frame(message))
        while left:
            left = left[self.process.stdin.write(left) or 0 :]

    def read(self, seconds: float) -> dict[str, Any]:
        """The next message. Raises TimeoutError, _GoneError."""
        end = time.monotonic() + seconds
        size = int.from_bytes(self._exactly(4, end), "big")
        try:
            message = json.loads(self._exactly(size, end))
        except ValueError as error:
            raise _GoneError from error
        if not isinstance(message, dict):
            raise _GoneError
        return message

    def _exactly(self, size: int, end: float) -> bytes:
        stream = self.process.stdout
        assert stream is not None
        read = b""
        while len(read) < size:
            if not is_readable(stream.fileno(), max(0.0, end - time.monotonic())):
                raise TimeoutError
            part = stream.read(size - len(read))
            if not part:
                raise _GoneError
            read += part
        return read

    def read_fork(self) -> None:
        """Which fork scores the batch that was written. It is the process's own child: any other
        number, which the metric's code may have written, is never killed."""
        pid = int(self.read(START_S)["pid"])
        self.fork = pid if pid > 1 and _may_be_child(pid, self.process.pid) else 0

    def end_fork(self) -> None:
        """Ends the fork and its group, where one scores."""
        if self.fork:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.fork, signal.SIGKILL)
            self.fork = 0

    def end(self) -> None:
        """Ends the process; idle, it ends by itself once it is sent nothing more."""
        self.ended = True
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _may_be_child(pid: int, parent: int) -> bool:
    """Whether the kernel says so, or says nothing of processes."""
    if not Path("/proc/self/stat").exists():
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it has ended
        return False
    return int(stat.rpartition(")")[2].split()[1]) == parent


_finding = threading.Lock()
_kept: OrderedDict[str, _Process] = OrderedDict()


def score_by_function(
    source: MetricSource,
    name: str,
    options: dict[str, Any],
    batch: Sequence[Scorable],
    kind: type[FunctionMetric],
) -> list[MetricScore]:
    """A score an answer, in order. Raises OwnCodeError where the code can't be loaded or is another
    than when it was declared: then nothing is scored."""
    scores: list[MetricScore] = []
    deaths = 0
    source.check_unchanged(name)
    while len(scores) < len(batch):
        if deaths == MOST_DEATHS:
            reason = f"not tried: {deaths} answers before it, one after the other, ended the metric"
            return scores + [MetricScore(None, reason)] * (len(batch) - len(scores))
        rest, reason = _score_some(source, name, options, batch[len(scores) :], kind)
        deaths = 1 if rest else deaths + 1
        scores += rest
        if len(scores) < len(batch):
            scores.append(MetricScore(None, f"the metric {reason}"))
    return scores


def _score_some(
    source: MetricSource,
    name: str,
    options: dict[str, Any],
    batch: Sequence[Scorable],
    kind: type[FunctionMetric],
) -> tuple[list[MetricScore], str]:
    """The scores up to the answer that ended the fork, and how it did."""
    answers = [[asdict(answer), list(references)] for answer, references in batch]
    scores: list[MetricScore] = []
    reason = ""
    with _claim_process(source) as process:
        try:
            process.write({"name": name, "options": options, "answers": answers})
            process.read_fork()
            while True:
                try:
                    message = process.read(kind.seconds)
                except TimeoutError:
                    reason = f"took more than {kind.seconds:g} s on this answer"
                    process.end_fork()
                    message = process.read(START_S)
                if "ended" in message:
                    process.fork = 0
                    return scores, reason or str(message["ended"])
                if message.get("at") == len(scores) < len(batch) and not reason:
                    scores.append(_as_score(message, kind))
        except (_GoneError, OSError, TimeoutError, KeyError, ValueError):
            _forget(source, process)
            return scores, reason or "ended, or wrote into its process's own messages"


def _as_score(message: dict[str, Any], kind: type[FunctionMetric]) -> MetricScore:
    score = MetricScore(message.get("value"), reason_text(message.get("reason")))
    try:
        return score_of(score, kind.bounds)
    except ValueError as error:
        return MetricScore(None, str(error))


@contextmanager
def _claim_process(source: MetricSource) -> Iterator[_Process]:
    """The process of a source, for this thread alone: not one that another thread has ended while
    this one waited for it. Raises OwnCodeError."""
    while True:
        process = _process_of(source)
        with process.lock:
            if not process.ended:
                yield process
                return


def _process_of(source: MetricSource) -> _Process:
    """The process of a source, started where there is none. Raises OwnCodeError."""
    with _finding:
        process = _kept.pop(source.sha256 + source.origin, None)
        if process is None or process.owner != os.getpid() or process.process.poll() is not None:
            process = _Process(source)
        _kept[source.sha256 + source.origin] = process
        while len(_kept) > MOST_KEPT:
            oldest = next(iter(_kept))
            if not _kept[oldest].lock.acquire(blocking=False):
                break
            idle = _kept.pop(oldest)
            try:
                idle.end()
            finally:
                idle.lock.release()
        return process


def _forget(source: MetricSource, process: _Process) -> None:
    with _finding:
        if _kept.get(source.sha256 + source.origin) is process:
            _kept.pop(source.sha256 + source.origin)
    process.end_fork()
    process.end()


@atexit.register
def _end() -> None:
    for process in _kept.values():
        if process.owner == os.getpid():
            process.end_fork() if process.lock.locked() else None
            process.end()

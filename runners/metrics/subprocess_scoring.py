"""Answers scored apart: in a process that can be stopped whatever it is doing.

A pattern that backtracks, a schema that compares each object with each, or BLEU of a megabyte can
hold a process for hours, and no time limit within it is sure. What may do so runs in one process
beside each worker, which has a limit on its computing time for each answer, and on its memory. It
is started where it is first needed, and holds no connection and no secret.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from evalhub.io.canonical import digest_of

if TYPE_CHECKING:
    from runners.metrics.score import Answer, MetricScore

SECONDS = 2.0
"""Of computing that scoring one answer, or reading one pattern or schema, may take."""
MEMORY_MB = 2048
"""Of memory, likewise."""
LONG = 20_000
"""Characters of an answer and its references above which any metric of texts is scored apart."""
TOO_SLOW = f"took more than {SECONDS:g} s on this output"

_SILENT_S = 60  # a process that was stopped by somebody else, or a machine without time


class TooMuchError(ValueError):
    """Scoring exceeded its time or memory limit."""


def score_in_process(
    name: str, options: dict[str, Any], answers: Sequence[tuple["Answer", Sequence[Any]]]
) -> list["MetricScore"]:
    """The scores of the answers by a metric of the table, one after the other.

    None with the reason where one took too much; nothing is raised for what an answer, a pattern
    or a schema holds.
    """
    from runners.metrics.score import MetricScore

    header = {"metric": digest_of([name, options])}
    scores = []
    for answer, references in answers:
        message = header | {"answer": asdict(answer), "references": list(references)}
        try:
            reply = _ask(message)
            if "unknown" in reply:
                reply = _ask(message | {"name": name, "options": options})
            scores.append(MetricScore(reply["value"], reply["reason"], parts=reply["parts"]))
        except TooMuchError as error:
            scores.append(MetricScore(None, f"{name} {error} on this output"))
    return scores


def extract_in_process(pattern: str, text: str) -> str | None:
    """The first group of the pattern's last match in the text, or None. Raises TooMuchError."""
    part: str | None = _ask({"extract": pattern, "text": text})["part"]
    return part


def read_apart(kind: str, value: Any) -> int:
    """Reads a "pattern" or a "schema", as whoever declares one must; the number of its groups.

    Raises ValueError saying what is wrong with it, or TooMuchError.
    """
    if in_the_process_apart():
        raise RuntimeError("asked in the process that is to answer")
    reply = _ask({"read": kind, "given": value})
    if reply["wrong"]:
        raise ValueError(reply["wrong"])
    return int(reply["groups"])


def in_the_process_apart() -> bool:
    """Whether this is that process."""
    return bool(_is_apart)


def be_the_process_apart() -> None:
    """Mark this process as the scoring process, which starts no other."""
    _is_apart.append(True)


class _Beside:
    """The scoring process and the pipes to it; one question at a time."""

    def __init__(self) -> None:
        # The same packages as here, and nothing that lies in the folder where we happen to be.
        path = os.pathsep.join(folder for folder in sys.path if folder)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "runners.metrics.subprocess_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            bufsize=0,
        )
        self.owner = os.getpid()

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Raises TooMuchError, OSError where the process is gone."""
        assert self.process.stdin is not None
        written = memoryview(frame(message))
        while written:
            written = written[self.process.stdin.write(written) or 0 :]
        size = int.from_bytes(self._read(4), "big")
        reply: dict[str, Any] = json.loads(self._read(size))
        if "died" in reply:
            raise TooMuchError(reply["died"])
        return reply

    def end(self) -> None:
        """Ends the process: at once if it is idle, and otherwise by force."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _read(self, size: int) -> bytes:
        stream = self.process.stdout
        assert stream is not None
        read = b""
        while len(read) < size:
            if not is_readable(stream.fileno(), _SILENT_S):
                raise TooMuchError(f"didn't end in {_SILENT_S} s")
            part = stream.read(size - len(read))
            if not part:
                raise BrokenPipeError
            read += part
        return read


def is_readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read, or its end, within that time. Unlike `select.select` it
    takes numbers above 1,023, which a process with many connections has."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def frame(message: dict[str, Any]) -> bytes:
    """A message as it goes through a pipe: its length in four bytes, then JSON."""
    text = json.dumps(message).encode()
    return len(text).to_bytes(4, "big") + text


_lock = threading.Lock()
_beside: list[_Beside] = []
_is_apart: list[bool] = []


def _ask(message: dict[str, Any]) -> dict[str, Any]:
    """An answer of the process, which is started where there is none. Raises TooMuchError."""
    with _lock:
        for again in (True, False):
            if _beside and _beside[0].owner != os.getpid():
                _beside.clear()  # a fork's parent goes on using it
            if not _beside:
                _beside.append(_Beside())
            try:
                return _beside[0].ask(message)
            except TooMuchError as error:
                if str(error).startswith("didn't"):
                    _beside.pop().end()
                raise
            except OSError:
                _beside.pop().end()
                if not again:
                    raise
        raise AssertionError("two attempts end above")


@atexit.register
def _end() -> None:
    if _beside and _beside[0].owner == os.getpid():
        _beside.pop().end()

"""Answers scored by a command: a line of JSON in and one out for each, a start for each batch."""

import json
import math
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import batched
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from evalhub.declare.keys import is_ours
from runners.metrics import own_supervisor
from runners.metrics.own import reason_text, score_of
from runners.metrics.own_source import MetricCommand, MetricSource, OwnCodeError
from runners.metrics.score import MetricScore, Scorable

MOST_OUTPUT = 8 * 1024 * 1024
"""Bytes that one start of it may write."""
TAIL = 300
"""Characters of what it complained of that are repeated."""
QUIET_S = 0.2
"""Without a word from whatever a command left, after its own end; then it is killed."""
GONE = b'{"ended": "ended the process that started it"}'


def score_by_command(
    source: MetricSource, name: str, command: MetricCommand, folder: Path, batch: Sequence[Scorable]
) -> list[MetricScore]:
    """A score an answer, in order; None with the reason where its line is missing or wrong.

    Raises OwnCodeError where it can't be started, or where its files aren't what they were when it
    was declared: then nothing is scored.
    """
    scores: list[MetricScore] = []
    for some in batched(batch, command.lines):
        source.check_unchanged(name)
        lines = [_line(number, scorable) for number, scorable in enumerate(some)]
        try:
            written, ended = _run(command, folder, b"".join(lines))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise OwnCodeError(f"{name}: {command.run[0]!r} can't be started: {why}") from error
        results = _results(written, len(some), command)
        missing = f"the command {ended}" if ended else "the command wrote no line for this answer"
        scores += [results.get(number, MetricScore(None, missing)) for number in range(len(some))]
    return scores


def _line(number: int, scorable: Scorable) -> bytes:
    answer, references = scorable
    fields: dict[str, Any] = {
        "id": str(number),
        "output": answer.text,
        "references": list(references),
        "question": answer.asked,
    }
    if answer.tool_calls is not None:
        fields["tool_calls"] = list(answer.tool_calls)
    return json.dumps(fields).encode() + b"\n"


def _run(command: MetricCommand, folder: Path, text: bytes) -> tuple[bytes, str]:
    """What the command writes, and how it ended where it did so otherwise than well. It and
    whatever it started are dead afterwards. Raises OSError, ValueError."""
    program = folder / command.run[0]
    words = [str(program) if program.is_file() else command.run[0], *command.run[1:]]
    ours, theirs = socket.socketpair()
    with TemporaryFile() as incoming, TemporaryFile() as complaints, ours:
        incoming.write(text)
        incoming.seek(0)
        with theirs:
            supervisor = subprocess.Popen(
                [sys.executable, "-I", "-S", own_supervisor.__file__, str(theirs.fileno()), *words],
                cwd=folder,
                env={name: value for name, value in os.environ.items() if not is_ours(name)},
                stdin=incoming,
                stdout=subprocess.PIPE,
                stderr=complaints,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            assert supervisor.stdout is not None
            written, message = _read(ours, supervisor.stdout, command.seconds)
        finally:
            with suppress(OSError):
                ours.shutdown(socket.SHUT_WR)
            supervisor.wait()
        if "failed" in message:
            raise ValueError(message["failed"])
        ended = message["ended"]
        if ended and isinstance(ended, int):
            complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - TAIL))
            tail = complaints.read(TAIL).decode("utf-8", "replace")
            tail = reason_text(" ".join(tail.split()))
            ended = f"ended with {ended}: {tail}".rstrip(": ")
    return written, ended or ""


def _read(
    supervisor: socket.socket, pipe: IO[bytes], seconds: float
) -> tuple[bytes, dict[str, Any]]:
    """What the program writes until it ends, and the supervisor's message: that it `failed` to
    start, or `ended` with a number, or why it is to be ended before."""
    end, read = time.monotonic() + seconds, bytearray()
    message: dict[str, Any] = {}
    slow = {"ended": f"took more than {seconds:g} s for its batch, and was ended"}
    with selectors.DefaultSelector() as selector, pipe:
        selector.register(pipe, selectors.EVENT_READ)
        selector.register(supervisor, selectors.EVENT_READ)
        while selector.get_map() and (left := end - time.monotonic()) > 0:
            ready = [key.fileobj for key, _ in selector.select(min(left, QUIET_S))]
            if not ready and message:  # a child of its own holds the pipe open
                break
            if supervisor in ready:
                selector.unregister(supervisor)
                message = json.loads(supervisor.recv(4096) or GONE)
            if pipe in ready:
                part = os.read(pipe.fileno(), 1 << 16)
                read += part
                if not part:
                    selector.unregister(pipe)
                if len(read) > MOST_OUTPUT:
                    return bytes(read), {
                        "ended": f"wrote more than {MOST_OUTPUT:,} bytes, and was ended"
                    }
    return bytes(read), message or slow


def _results(written: bytes, size: int, command: MetricCommand) -> dict[int, MetricScore]:
    """The scores by the number of their answer. A line that is no answer's, such as a message for
    people, is the reason of the answers that have none."""
    results: dict[int, MetricScore] = {}
    stray: MetricScore | None = None
    numbers = set(map(str, range(size)))
    for line in written.splitlines():
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            fields = None
        name = fields.get("id") if isinstance(fields, dict) else None
        number = int(name) if isinstance(name, str) and name in numbers else size
        if number >= size or not isinstance(fields, dict):
            start = line[:60].decode("utf-8", "replace")
            reason = f"the command wrote a line that is no answer's: {start!r}"
            stray = stray or MetricScore(None, reason)
        elif number in results:
            results[number] = MetricScore(None, "the command wrote two lines for this answer")
        else:
            results[number] = _score(fields, command)
    if stray is not None:
        return dict.fromkeys(range(size), stray) | results
    return results


def _score(fields: dict[str, Any], command: MetricCommand) -> MetricScore:
    value, reason = fields.get("value"), fields.get("reason", "")
    if not isinstance(reason, str):
        return MetricScore(None, "the command's reason is no text")
    try:
        if isinstance(value, int) and not -math.inf < value < math.inf:
            raise ValueError("the command gave a number without end")
        score = score_of(value, command.bounds)
    except (ValueError, OverflowError) as error:
        return MetricScore(None, str(error).replace("the metric gave", "the command gave"))
    reason = reason_text(reason[:TAIL])
    if score.value is None:
        return MetricScore(None, reason or "the command gave no value")
    return MetricScore(score.value, reason)

"""A program that is handed lines on its standard input and answers on its standard output."""

import json
import math
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

from evalhub.declare.keys import is_ours
from runners.backends.asking import BackendError, Reply

BATCH_S = 0.5
LEAVES_S = 2.0
"""What it may take to end by itself once all is answered."""
MOST_LINE = 8 * 1024 * 1024
"""Bytes of one answer."""
TAIL = 300
"""Characters of what it complained of that are repeated."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBERS = ("latency_ms", "logprob")
_COUNTS = ("prompt_tokens", "completion_tokens")
_END = object()


class _NoAnswer(ValueError):
    """A line that is no answer, and why."""


@dataclass(slots=True)
class Program[Read]:
    """One start of a program, of whose lines `read` makes what they say. `why` says how it ended,
    once `answers` is through."""

    run: Sequence[str]
    folder: str
    silent_s: float
    read: Callable[[dict[str, Any]], Read]
    why: str = field(default="", init=False)

    def answers(self, lines: Sequence[dict[str, Any]]) -> Generator[list[tuple[str, Read]]]:
        """Starts it, hands it the lines and gives out (id, what it says) as it writes, in batches.

        There is one about every half second, empty or not. It ends with the program; closing it
        ends the program. Raises BackendError where it can't be started.
        """
        ids, left = {line["id"] for line in lines}, len(lines)
        process = self._start()
        written: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stderr_lines: deque[bytes] = deque(maxlen=20)
        feeding = (_feed, process.stdin, lines), (_read, process.stdout, written)
        threads = [
            threading.Thread(target=work, args=arguments, name="command", daemon=True)
            for work, *arguments in (*feeding, (_hear, process.stderr, stderr_lines))
        ]
        for thread in threads:
            thread.start()
        heard = time.monotonic()
        try:
            while left:
                batch, ended = _batch(written)
                if batch:
                    heard = time.monotonic()
                replies, flaw = _replies(batch, ids, self.read)
                left -= len(replies)
                yield replies
                if flaw:
                    self.why = f"wrote {flaw}, and was ended"
                    return
                if ended:
                    break
                if time.monotonic() - heard > self.silent_s:
                    self.why = f"wrote nothing for {self.silent_s:g} s, and was ended"
                    return
            if left:
                self.why = self._how(process, threads[-1], stderr_lines)
            else:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LEAVES_S)
        finally:
            _end(process)

    def _start(self) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                list(self.run),
                cwd=self.folder,
                env={name: value for name, value in os.environ.items() if not is_ours(name)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise BackendError(
                f"the command {self.run[0]!r} can't be started where the worker runs, in "
                f"{self.folder}: {why}"
            ) from error

    def _how(
        self,
        process: "subprocess.Popen[bytes]",
        hearing: threading.Thread,
        stderr_lines: "deque[bytes]",
    ) -> str:
        try:
            code = process.wait(5)
        except subprocess.TimeoutExpired:
            return "closed its output before all was answered"
        hearing.join(1)  # a program of its own may hold the pipe open for longer
        tail = b" ".join(stderr_lines).decode("utf-8", "replace")[-TAIL:]
        line = " ".join("".join(c if c.isprintable() else " " for c in tail).split())
        ended = f"ended with {code} before all was answered"
        return f"{ended}: {line}" if line else ended


def _feed(pipe: IO[bytes], lines: Sequence[dict[str, Any]]) -> None:
    try:
        with pipe:
            for line in lines:
                pipe.write(json.dumps(line).encode() + b"\n")
                pipe.flush()
    except (OSError, ValueError):
        pass  # it ended, or reads no more: what it says of that is read elsewhere


def _read(pipe: IO[bytes], written: "queue.SimpleQueue[Any]") -> None:
    try:
        with pipe:
            while line := pipe.readline(MOST_LINE + 1):
                written.put(line)
                if len(line) > MOST_LINE:
                    break
    except (OSError, ValueError):
        pass  # the program was ended
    finally:
        written.put(_END)


def _hear(pipe: IO[bytes], stderr_lines: "deque[bytes]") -> None:
    try:
        with pipe:
            while line := pipe.readline(4096):
                stderr_lines.append(line)
    except (OSError, ValueError):
        pass  # the program was ended


def _batch(written: "queue.SimpleQueue[Any]") -> tuple[list[bytes], bool]:
    """The lines written within half a second, and whether the program has ended."""
    batch: list[bytes] = []
    end = time.monotonic() + BATCH_S
    while (left := end - time.monotonic()) > 0:
        try:
            line = written.get(timeout=left)
        except queue.Empty:
            break
        if line is _END:
            return batch, True
        if line.strip():
            batch.append(line)
    return batch, False


def _replies[Read](
    batch: Sequence[bytes], ids: "set[str]", read: Callable[[dict[str, Any]], Read]
) -> tuple[list[tuple[str, Read]], str]:
    """The answers in some lines up to the first that is none, and what is wrong with that; those
    that are answered are known no more."""
    replies: list[tuple[str, Read]] = []
    for line in batch:
        try:
            name, answer = _answer(line, ids)
        except _NoAnswer as flaw:
            return replies, str(flaw)
        ids.discard(name)
        replies.append((name, read(answer)))
    return replies, ""


def _answer(line: bytes, ids: "set[str]") -> tuple[str, dict[str, Any]]:
    """The id and the object in a line. Raises _NoAnswer."""
    if len(line) > MOST_LINE:
        raise _NoAnswer(f"a line of more than {MOST_LINE:,} bytes")
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        beginning = line[:60].decode("utf-8", "replace")
        raise _NoAnswer(f"a line that isn't JSON ({beginning!r})") from error
    name = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(name, str) or name not in ids:
        raise _NoAnswer(f"a line whose id nobody asked, or twice ({str(name)[:60]!r})")
    return name, answer


def error_in_line(answer: dict[str, Any]) -> str:
    """The error that a line states, as it can be stored; "" where it states none."""
    complaint = answer.get("error")
    return _UNSTORABLE.sub("", complaint)[:500] if isinstance(complaint, str) else ""


def reply_in_line(answer: dict[str, Any]) -> Reply:
    """The answer that a line states, or its error."""
    text = answer.get("output")
    if error := error_in_line(answer):
        return Reply(error=error)
    if not isinstance(text, str):
        return Reply(error="the command's line holds neither output nor error as text")
    if _UNSTORABLE.search(text):
        return Reply(error="the output holds a NUL character or half a surrogate pair")
    fields: dict[str, Any] = {name: _number(answer.get(name)) for name in _NUMBERS}
    for count_name in _COUNTS:
        count = answer.get(count_name)
        fields[count_name] = count if isinstance(count, int) and 0 <= count < 2**31 else None
    likelihoods = answer.get("choice_logprobs")
    if isinstance(likelihoods, list) and None not in [
        _number(likelihood) for likelihood in likelihoods
    ]:
        fields["choice_logprobs"] = likelihoods
    return Reply(text=text, **fields)


def _number(value: Any) -> float | None:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if real and math.isfinite(value) else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the program and its children; the threads that read its pipes close them."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

"""JSON log lines of a server: every printed line becomes one JSON object, whoever wrote it.

Python's warnings and tracebacks become log records. What else is written to standard error or
output (by a library's `print`, by Celery as it is told to go, by native code) is wrapped, line by
line.
"""

import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from evalhub.logs import LogJson

logger = logging.getLogger("evalhub.printed")
LONGEST = 64 * 1024
"""Bytes without a newline that are taken for a line."""


@contextmanager
def json_lines() -> Iterator[None]:
    """While the block runs, standard output and error have JSON lines only, also in forked
    processes."""
    with _hooks(), _wrap_descriptor(1), _wrap_descriptor(2) as real:
        before = sys.stderr
        sys.stderr = lines = _Lines(real, before.encoding)
        try:
            yield
        finally:
            lines.close()
            sys.stderr = before
            sys.stdout.flush()


@contextmanager
def _wrap_descriptor(number: int) -> Iterator[int]:
    """Redirects the descriptor to a thread that wraps each line and writes it to the original
    one."""
    real = os.dup(number)
    reader, writer = os.pipe()
    os.dup2(writer, number)
    os.close(writer)
    thread = threading.Thread(target=_wrap_all, args=(reader, real), daemon=True)
    thread.start()
    try:
        yield real
    finally:
        os.dup2(real, number)  # closes the pipe's last end here, and with it ends the thread
        thread.join(timeout=2)  # a process that was forked may hold another end
        if not thread.is_alive():
            os.close(real)


@contextmanager
def _hooks() -> Iterator[None]:
    """Logs warnings and uncaught errors."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning
    sys.excepthook, threading.excepthook = _uncaught, _uncaught_in_thread
    sys.unraisablehook = _unraisable
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = before


class _Lines(io.TextIOBase):
    """Collects each thread's lines to standard error, and writes them whole."""

    def __init__(self, real: int, encoding: str) -> None:
        self._real, self._encoding = real, encoding
        self._begun = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("text is written here, not bytes")
        *lines, rest = (getattr(self._begun, "text", "") + text).split("\n")
        self._begun.text = rest
        for line in lines:
            _put(self._real, line)
        return len(text)

    def fileno(self) -> int:
        return 2

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Writes the line that this thread has begun."""
        if getattr(self._begun, "text", ""):
            self.write("\n")


def _wrap_all(reader: int, real: int) -> None:
    """Wraps lines that bypass Python, until no process can write any more."""
    begun = b""
    with os.fdopen(reader, "rb", buffering=0) as source:
        while chunk := source.read(LONGEST):
            *lines, begun = (begun + chunk).split(b"\n")
            if len(begun) > LONGEST:
                lines, begun = [*lines, begun], b""
            for line in lines:
                _put(real, line.decode("utf-8", "backslashreplace"))
    if begun:
        _put(real, begun.decode("utf-8", "backslashreplace"))


def _put(real: int, line: str) -> None:
    """Writes a line with one call: a lock could stay locked after a fork. What can't be written is
    lost."""
    if not line.strip():
        return
    text = line if _is_object(line) else _wrap(line)
    data = f"{text}\n".encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(real, data) :]
    except OSError:
        return


def _is_object(line: str) -> bool:
    try:
        return line.startswith("{") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _wrap(line: str) -> str:
    level = logging.WARNING
    record = logging.LogRecord(logger.name, level, "", 0, line.rstrip(), None, None)
    return LogJson(_secrets).format(record)


def _secrets() -> Iterable[str]:
    settings = sys.modules.get("evalhub.settings")
    return settings.known_secrets() if settings and hasattr(settings, "known_secrets") else ()


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logger.critical("an error that nothing caught", exc_info=(kind, error, traceback))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "?"
    error = args.exc_value or args.exc_type()
    logger.critical(
        "thread %s ended with an error", name, exc_info=(args.exc_type, error, args.exc_traceback)
    )


def _unraisable(args: Any) -> None:
    error = args.exc_value or args.exc_type()
    logger.error(
        "%s: %r", args.err_msg or "an error that can't be raised", args.object,
        exc_info=(args.exc_type, error, args.exc_traceback),
    )  # fmt: skip

"""Standard output and standard error of every command.

A terminal or a pipe may lack characters (ISO-8859-1 has no ✓); what it lacks is spelt with others.
Standard output may be closed or full: that is an error of its own, with an exit code that is no
verdict's. Of standard error nobody could be told, so what can't be written there is lost.
"""

import codecs
import errno
import io
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO

import typer

SPELT = {
    "✓": "ok",
    "✗": "x",
    "❌": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "•": "*",
    "·": ".",
    "…": "...",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "→": "->",
    "←": "<-",
    "×": "x",
    "±": "+/-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "∞": "inf",
    "√": "sqrt",
    "α": "alpha",
    "β": "beta",
    "κ": "kappa",
    "π": "pi",
    "ρ": "rho",
    "§": "section ",
    "│": "|",
    "─": "-",
    "━": "-",
    "╸": "-",
    "╺": "-",
    "█": "#",
}
"""Characters of our own texts in place of which these are written where an encoding lacks them."""


class OutputError(Exception):
    """Standard output couldn't be written; the message says why."""


class StandardStream(io.TextIOBase):
    """Standard output or standard error.

    It has no `buffer` on purpose: libraries that find one write their own encoding into it.

    Attributes:
        target: where it is written; None where the process was started without it.
        lossy: whether what can't be written is lost without an error.
    """

    def __init__(self, target: TextIO | None, *, lossy: bool) -> None:
        self.target, self.lossy = target, lossy
        self._failure = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self.target, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "strict"

    def write(self, text: str) -> int:
        """Raises OutputError, unless it is lossy; TypeError for bytes."""
        if not isinstance(text, str):
            raise TypeError("text is written here, not bytes")
        if text:
            self._try(lambda target: target.write(readable(text, self.encoding)))
        return len(text)

    def flush(self) -> None:
        """Raises OutputError, unless it is lossy: also for what was written before."""
        if self.target is not None:
            self._try(lambda target: target.flush())

    def close(self) -> None:
        """Leaves the target open: it is the process's, and is flushed by whoever wrote to it."""

    def fileno(self) -> int:
        if self.target is None:
            raise io.UnsupportedOperation("fileno")
        return self.target.fileno()

    def isatty(self) -> bool:
        return self.target is not None and self.target.isatty()

    def writable(self) -> bool:
        return True

    def _try(self, put: Callable[[TextIO], object]) -> None:
        """After a failure each further attempt fails too, since libraries swallow errors."""
        if self.target is None:
            self._failure = "it is closed"
        elif not self._failure:
            try:
                put(self.target)
            except (OSError, ValueError) as error:  # ValueError: closed in this process
                self._failure = _reason(error)
                self._discard()
        if self._failure and not self.lossy:
            raise OutputError(
                f"standard output can't be written: {self._failure}. What the command printed is "
                "incomplete; what it stored, if anything, is stored"
            )

    def _discard(self) -> None:
        """Discards what Python still buffers, so that the process's end doesn't fail too."""
        try:
            number = self.fileno()
        except (OSError, ValueError):  # a stream in memory
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return "it is closed"
    reasons = {errno.EPIPE: "whoever read it has stopped", errno.EBADF: "it is closed"}
    return reasons.get(error.errno or 0, error.strerror or str(error))


@contextmanager
def binary_output() -> Iterator[BinaryIO]:
    """Standard output for bytes. A failure to write in the block is an OutputError.

    Raises:
        typer.BadParameter: it is a terminal.
        OutputError: it is closed, or can't be written.
    """
    sys.stdout.flush()
    try:
        number = sys.stdout.fileno()
    except OSError as error:
        raise OutputError("standard output can't be written: it is closed") from error
    if os.isatty(number):
        raise typer.BadParameter("bytes aren't for a terminal: send them to a file or a program")
    try:
        with os.fdopen(os.dup(number), "wb") as output:
            yield output
    except OSError as error:
        raise OutputError(f"standard output can't be written: {_reason(error)}") from error


@contextmanager
def standard_streams() -> Iterator[None]:
    """While the block runs, `sys.stdout` and `sys.stderr` are StandardStreams. At its end all
    output has been written, or OutputError is raised."""
    before = sys.stdout, sys.stderr
    stdout = StandardStream(sys.stdout, lossy=False)
    sys.stdout, sys.stderr = stdout, StandardStream(sys.stderr, lossy=True)
    try:
        yield
        stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def open_missing_descriptors() -> None:
    """Opens /dev/null for each of the descriptors 0, 1 and 2 that is closed: else the next opened
    file would get its number, and printed text would go into that file."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


def readable(text: str, encoding: str) -> str:
    """The text with characters that the encoding lacks replaced: by SPELT, else by the letter
    without its accents, else by Python's escape (\u0442)."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_escape(character, encoding) for character in text)
    return text


def _escape(character: str, encoding: str) -> str:
    if _has(encoding, character):
        return character
    plain = SPELT.get(character) or "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    if plain and _has(encoding, plain):
        return plain
    return codecs.decode(character.encode("ascii", "backslashreplace"), "ascii")


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True

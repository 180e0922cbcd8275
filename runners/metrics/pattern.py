"""Patterns that people give, and a limit on the time that one may take.

Python's own `re` can't be stopped once a pattern backtracks without end, and one such pattern
would hold a worker for good. The `regex` package reads the same syntax and takes a time limit,
which it doesn't always keep; so answers meet patterns in a process that can be ended (`apart`).
"""

import re
from functools import lru_cache
from math import prod
from typing import Any

import regex

from runners.metrics.subprocess_scoring import (
    SECONDS,
    TOO_SLOW,
    TooMuchError,
    in_the_process_apart,
    read_apart,
)

__all__ = ["LONGEST", "TOO_SLOW", "compile_pattern", "groups_of", "last_group", "occurs"]

LONGEST = 10_000
"""Characters of a pattern."""

_COUNTED = re.compile(r"\{(\d{0,9})(?:,(\d{0,9}))?\}")
_PLAIN_LENGTH, _PLAIN_COUNT = 500, 1_000


@lru_cache(maxsize=1024)
def compile_pattern(source: str) -> "regex.Pattern[str]":
    """The compiled pattern. Raises ValueError saying where it is malformed."""
    if not isinstance(source, str) or not source:
        raise ValueError("must be a regular expression")
    try:
        return regex.compile(source)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error


def groups_of(source: str) -> int:
    """How many groups a pattern has, as whoever declares it must know.

    A pattern that could take long to read (`(?:(?:a{1,9}){1,9})…`) is read apart. Raises ValueError
    saying where it is malformed, or that it takes too much.
    """
    if isinstance(source, str) and len(source) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} characters")
    if not isinstance(source, str) or _is_plain(source) or in_the_process_apart():
        return int(compile_pattern(source).groups)
    try:
        return read_apart("pattern", source)
    except TooMuchError as error:
        raise ValueError(f"is no pattern to use: reading it {error}") from error


def _is_plain(source: str) -> bool:
    """Whether a pattern is short and repeats little by number, so that it is read in no time."""
    counts = (int(most or least or 1) for least, most in _COUNTED.findall(source))
    return len(source) <= _PLAIN_LENGTH and prod(max(count, 1) for count in counts) <= _PLAIN_COUNT


def last_group(pattern: Any, text: str) -> str | None:
    """The first group of the last match in which that group took part, or None.

    Raises TimeoutError beyond SECONDS.
    """
    last: str | None = None
    for match in pattern.finditer(text, timeout=SECONDS):
        last = match[1] if match[1] is not None else last
    return last


def occurs(pattern: Any, text: str) -> bool:
    """Whether the pattern occurs in the text. Raises TimeoutError beyond SECONDS."""
    return pattern.search(text, timeout=SECONDS) is not None

"""Patterns that people give, and a limit on the time that one may take.

Python's own `re` can't be stopped once a pattern backtracks without end, and one such pattern
would hold a worker for good. The `regex` package reads the same syntax and takes a time limit.
"""

from functools import lru_cache
from typing import Any

import regex

SECONDS = 2.0
TOO_SLOW = f"took more than {SECONDS:g} s on this output"


@lru_cache(maxsize=1024)
def compiled(source: str) -> "regex.Pattern[str]":
    """The compiled pattern. Raises ValueError saying where it is malformed."""
    if not isinstance(source, str) or not source:
        raise ValueError("must be a regular expression")
    try:
        return regex.compile(source)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error


def last_group(pattern: Any, text: str) -> str | None:
    """The first group of the last match in which that group took part, or None.

    Raises TimeoutError beyond SECONDS.
    """
    last: str | None = None
    for match in pattern.finditer(text, timeout=SECONDS):
        last = match[1] if match[1] is not None else last
    return last


def found(pattern: Any, text: str) -> bool:
    """Whether the pattern occurs in the text. Raises TimeoutError beyond SECONDS."""
    return pattern.search(text, timeout=SECONDS) is not None

"""An act that is killed before one of its writes, then before a later one, until it lives.

For a process of its own with a home on SQLite: it forks, and its children die.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import scipy.special  # noqa: F401 (once, and not in each child)
from django.db import connection
from django.urls import get_resolver

DATABASE = Path(os.environ["EVALHUB_HOME"]) / "evalhub.sqlite3"


type Act = Callable[[], object]


def deaths(*acts: Act, spared: Act | None = None, stride: int = 1) -> Iterator[bool]:
    """Lets a child do these acts on the database as it is now, killed before its first write; then
    on the same database another one, before the write that is `stride` later. Yields after each
    whether it died; it ends with the one that lived.

    Args:
        spared: the one of them in whose writes nobody is killed.
    """
    # the pages' addresses, with all that their views import: once, not two seconds in each child
    get_resolver().reverse_dict  # noqa: B018
    before = DATABASE.with_name("before")
    connection.close()
    shutil.copy(DATABASE, before)
    number, died = 0, True
    while died:
        for end in ("", "-wal", "-shm"):
            DATABASE.with_name(f"{DATABASE.name}{end}").unlink(missing_ok=True)
        shutil.copy(before, DATABASE)
        died = bool(in_a_child(partial(_die_at, number, acts, spared)))
        yield died
        number += stride


def in_a_child(act: Act) -> int:
    """How a process that does the act ends: 0 where it lived."""
    if not (child := os.fork()):
        act()
        os._exit(0)
    return os.waitpid(child, 0)[1]


def print_counts(tables: Sequence[str], *more: object) -> None:
    """A line with the number of rows of each of these, as `TABLE WHERE …`, and more numbers."""
    in_a_child(partial(_print_counts, tables, more))


def _die_at(number: int, acts: Sequence[Act], spared: Act | None) -> None:
    writes = iter(range(number))

    def dies(execute: Any, sql: str, *rest: Any) -> Any:
        if not sql.startswith("SELECT") and next(writes, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, *rest)

    for act in acts:
        with nullcontext() if act is spared else connection.execute_wrapper(dies):
            act()


def _print_counts(tables: Sequence[str], more: Sequence[object]) -> None:
    numbers: list[object] = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            numbers += cursor.fetchone()
    sys.stdout.write(" ".join(map(str, [*numbers, *more])) + "\n")
    sys.stdout.flush()

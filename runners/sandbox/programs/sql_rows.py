"""Run two queries on a database made from a script, and say whether they give the same rows."""

import json
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

SIGNIFICANT_DIGITS = 10
DIGITS_OF_LARGE = 15
"""Of a fraction that has more digits before its point: all that a double holds."""
TRIED = 10_000
"""Orders of columns that are tried, where several columns hold the same values."""
LONGEST_REASON = 250
ALLOWED = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)

type Rows = list[tuple[Any, ...]]


def query_rows(database: sqlite3.Connection, query: str, most: int) -> tuple[int, Rows]:
    """How many columns a query gives, and its rows, values made comparable.

    Raises sqlite3.Error, and ValueError for more rows than `most`, and for what is no query.
    """
    cursor = database.execute(query)
    if cursor.description is None:
        raise ValueError("is no query")
    rows = cursor.fetchmany(most + 1)
    if len(rows) > most:
        raise ValueError(f"gives more than {most:,} rows")
    return len(cursor.description), [tuple(map(_comparable, row)) for row in rows]


def _comparable(value: Any) -> Any:
    """Text, bytes and whole numbers as they are; a fraction to so many digits that a sum is the
    same in any order."""
    if not isinstance(value, float) or value - value != 0:
        return value
    digits = SIGNIFICANT_DIGITS if abs(value) < 10.0**SIGNIFICANT_DIGITS else DIGITS_OF_LARGE
    if value.is_integer():
        return int(value)
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() else rounded


def difference(rows: Rows, wanted: Rows, *, ordered: bool, columns_in_order: bool) -> str:
    """How the rows differ from those wanted, of as many columns; "" where they are the same."""
    if len(rows) != len(wanted):
        return f"gives {len(rows)} rows in place of {len(wanted)}"
    if _same(rows, wanted, ordered):
        return ""
    if not columns_in_order and _same_in_some_order(rows, wanted, ordered):
        return ""
    return (
        "gives other rows"
        if not ordered or not _same(rows, wanted, False)
        else ("gives the rows in another order")
    )


def _same(rows: Rows, wanted: Rows, ordered: bool) -> bool:
    return rows == wanted if ordered else Counter(rows) == Counter(wanted)


def _same_in_some_order(rows: Rows, wanted: Rows, ordered: bool) -> bool:
    """Whether some order of the columns makes the rows the same: a column is tried where one with
    the same values is wanted."""
    given = [Counter(column) for column in zip(*rows, strict=True)]
    asked = [Counter(column) for column in zip(*wanted, strict=True)]
    fitting = [[n for n, values in enumerate(given) if values == each] for each in asked]
    tries = 0

    def assign(chosen: Sequence[int]) -> bool:
        nonlocal tries
        if len(chosen) == len(fitting):
            tries += 1
            return _same([tuple(row[n] for n in chosen) for row in rows], wanted, ordered)
        return any(
            tries < TRIED and assign([*chosen, n]) for n in fitting[len(chosen)] if n not in chosen
        )

    return assign([])


def is_ordered(query: str) -> bool:
    """Whether a query says in which order its rows are: ORDER BY outside quotes, comments and
    brackets."""
    quoted = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/"
    bare = re.sub(quoted, " ", query, flags=re.DOTALL)
    depth, outside = 0, []
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        outside.append(character if depth <= 0 else " ")
    return re.search(r"\border\s+by\b", "".join(outside), re.IGNORECASE) is not None


def compare(task: dict[str, Any], report: Callable[[str], None]) -> tuple[str, str]:
    """("passed", ""), ("failed", why) or ("unfit", why the item's own part can't be run)."""
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(task["fixture"])
        database.commit()
    except sqlite3.Error as error:
        return "unfit", f"the fixture fails: {error}"
    database.execute("PRAGMA query_only = ON")
    database.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in ALLOWED else sqlite3.SQLITE_DENY
    )
    try:
        columns, wanted = query_rows(database, task["query"], task["most"])
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return "unfit", f"the reference's query fails: {error}"
    report("begun")
    try:
        given, rows = query_rows(database, task["answer"], task["most"])
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return "failed", str(error)
    except MemoryError:
        return "failed", "took too much memory"
    if given != columns:
        return "failed", f"gives {given} columns in place of {columns}"
    why = difference(
        rows,
        wanted,
        ordered=is_ordered(task["query"]),
        columns_in_order=task["columns_in_order"],
    )
    return ("failed", why) if why else ("passed", "")


def main() -> None:
    """Read the task from standard input, and write the verdict to standard output."""
    task = json.load(sys.stdin)

    def report(state: str, reason: str = "") -> None:
        print(json.dumps({"state": state, "reason": reason[:LONGEST_REASON]}), flush=True)  # noqa: T201

    report(*compare(task, report))


if __name__ == "__main__":
    main()

"""What PostgreSQL does for each statement, told by itself while a block runs (its auto_explain).

Statements of other connections aren't heard, nor what a constraint looks up.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

TELL = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off;
    SET auto_explain.log_format = json;
    SET auto_explain.log_level = notice;
"""
GIVEN = re.compile(r"'[^']*'|\$?\d+|_django_curs_\w+")
LISTED = re.compile(r"\(?\?\)?(, \(?\?\)?)+")


@dataclass(frozen=True, slots=True)
class Carried:
    """A statement as it was carried out; `rows` went through its busiest step, kept or not."""

    text: str
    rows: int
    plan: dict[str, Any]

    @property
    def kind(self) -> str:
        """The statement without what it was given."""
        return LISTED.sub("?", GIVEN.sub("?", self.text))


def statistics_as_of_now() -> None:
    """What the planner knows of the rows until the end of this transaction is what there is now.

    Autovacuum doesn't see what comes in it.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def plans() -> Iterator[list[Carried]]:
    """The statements of this connection while the block runs."""
    found: list[Carried] = []

    def hear(notice: Any) -> None:
        said = notice.message_primary or ""
        if said.startswith("duration:") and "{" in said:
            told = json.loads(said[said.index("{") :])
            found.append(Carried(told["Query Text"], _busiest(told["Plan"]), told["Plan"]))

    connection.ensure_connection()
    connection.connection.add_notice_handler(hear)
    with connection.cursor() as cursor:
        cursor.execute(TELL)
    try:
        yield found
    finally:
        connection.connection.remove_notice_handler(hear)
        with connection.cursor() as cursor:
            cursor.execute("SET auto_explain.log_min_duration = -1")


def rows_by_kind(carried: list[Carried]) -> dict[str, int]:
    """The rows that each kind of statement went through, all of that kind together."""
    rows: dict[str, int] = defaultdict(int)
    for each in carried:
        rows[each.kind] += each.rows
    return dict(rows)


def _busiest(plan: dict[str, Any]) -> int:
    thrown = sum(rows for name, rows in plan.items() if name.startswith("Rows Removed by"))
    here = int((plan["Actual Rows"] + thrown) * plan["Actual Loops"])
    return max([here, *map(_busiest, plan.get("Plans", []))])

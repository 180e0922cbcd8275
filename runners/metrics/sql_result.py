"""Rows of a query."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.code_fence import code_of
from runners.metrics.sandboxed import SandboxSeconds, sandbox_scores
from runners.metrics.score import Answer, Ask, MetricDeclaration, MetricScore, Scorable
from runners.sandbox.bounds import SECONDS

SQL = ("sql", "sqlite", "sqlite3")
REFERENCE = (
    "the reference is an object with `query` and `fixture`, the SQL script that makes the "
    "database, both of them texts"
)


class SqlResult(MetricDeclaration):
    """1 where the answer's query gives the rows of the reference's on the reference's database,
    else 0 with how they differ.

    Both run in the sandbox, on SQLite. The order of rows counts where the reference's query has an
    ORDER BY of its own.
    """

    title: ClassVar = "Rows of a query"
    measures: ClassVar = "whether the query in the output gives the rows of the reference's"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "fixtures on which wrong queries give the right rows, as of one row or none"
    also_needs: ClassVar = "Linux with bubblewrap"
    normalisation: ClassVar = (
        "what is said around the last fenced block of SQL; order of rows without ORDER BY; names "
        "of columns; digits of a fraction after the tenth"
    )
    binary: ClassVar = True
    sandboxed: ClassVar = True

    name: Literal["sql_result"] = "sql_result"
    columns: Literal["any-order", "in-order"] = Field(
        "any-order",
        title="Order of columns",
        description="whether the columns may be in another order than the reference's",
    )
    rows: int = Field(
        10_000,
        ge=1,
        le=100_000,
        title="Rows",
        description="the most that either query may give",
    )
    seconds: SandboxSeconds = SECONDS

    def part_compared(self, answer: Answer) -> str | None:
        return code_of(answer.text, SQL)

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        return sandbox_scores("sql_rows", batch, self._task, self.seconds)

    def _task(self, answer: Answer, reference: Any) -> dict[str, Any]:
        """What the sandboxed program is to do. Raises ValueError for a reference that is none."""
        if not isinstance(reference, dict):
            raise ValueError(REFERENCE)
        query, fixture = reference.get("query"), reference.get("fixture")
        if not (isinstance(query, str) and query.strip() and isinstance(fixture, str)):
            raise ValueError(REFERENCE)
        return {
            "answer": code_of(answer.text, SQL),
            "query": query,
            "fixture": fixture,
            "most": self.rows,
            "columns_in_order": self.columns == "in-order",
        }

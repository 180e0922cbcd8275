"""What a judge, or people, say of single rows of a training file: is the answer right? Pure.

A file of verdicts is JSON lines: {"line": 12, "row": "…", "order": 0, "verdict": "wrong"}. `row` is
a digest of the row, so that verdicts on a file that was changed since are refused. `order` numbers
the rows of a random sample at random: who labels the first of them labels a random sample too.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from evalhub.declare.declaration import Declaration, DeclarationError, validate
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.io.canonical import digest_of
from evalhub.io.rows import DataError, read_rows

Verdict = Literal["right", "wrong"]
VERDICTS: dict[str, Verdict] = {verdict: verdict for verdict in get_args(Verdict)}
LONGEST_REASON = 500


class RowVerdict(Declaration, extra="ignore"):
    """One verdict.

    Attributes:
        line: of the training file.
        row: digest of the row, as `row_digest` makes it; "" where who labelled it left it out.
        order: its place in the random order of the judged rows; None where nobody says.
        verdict: None where the judge's reply was no verdict.
        reason: why, in words.
    """

    line: int
    row: str = ""
    order: int | None = None
    verdict: Verdict | None
    reason: str = ""

    def as_line(self) -> str:
        return json.dumps(self.as_json(), ensure_ascii=False) + "\n"


def row_digest(row: TrainingRow) -> str:
    """What tells a row from another one: what is asked and what is answered."""
    messages = [[message.role, message.text] for message in row.messages]
    return digest_of([row.system, row.prompt, row.answer, row.rejected, messages])[:32]


def read_row_verdicts(path: Path) -> dict[int, RowVerdict]:
    """The verdicts of a file, by the line that they are about.

    Raises DataError: what `read_rows` raises; a field that isn't as it should be; a line twice.
    """
    verdicts: dict[int, RowVerdict] = {}
    for at, verdict in _verdicts(path):
        if verdict.line in verdicts:
            raise DataError(
                f"row {verdict.line} has a verdict already: one a row",
                file=str(path),
                line=at,
                field="line",
            )
        verdicts[verdict.line] = verdict
    return verdicts


def _verdicts(path: Path) -> Iterator[tuple[int, RowVerdict]]:
    for row in read_rows(path):
        try:
            yield row.line, validate(RowVerdict, row.values)
        except DeclarationError as error:
            choices = " or ".join(VERDICTS)
            hint = f"; a verdict is {choices}" if error.field == "verdict" else ""
            raise DataError(
                f"{error.message}{hint}", file=str(path), line=row.line, field=error.field or None
            ) from error

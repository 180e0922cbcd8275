"""The decisions with their status and date, and the list of them that is their index page.

python -m evalhub.documents.decisions > docs/explanation/decisions/index.md
"""

import re
import sys
from dataclasses import dataclass

from evalhub.documents import documents

FOLDER = "explanation/decisions/"
INDEX = f"{FOLDER}index.md"
_STATUS = re.compile(r"(Accepted|Superseded by \[[^\]]+\]\([\w-]+\.md\)), (\d{4}-\d\d-\d\d)\.")
_HEAD = """\
# Decisions

Choices that somebody may want to undo, each with its reasons and with what was rejected. A page
begins with its title and a line of its status and date: `Accepted, 2026-11-25.`, or
`Superseded by`, a link and the date. This list is written by
`python -m evalhub.documents.decisions > docs/explanation/decisions/index.md`.

| decision | status | date |
| --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class DecisionDocument:
    """A page of `FOLDER`. `name` is its path below docs/, `date` that of the choice."""

    name: str
    title: str
    status: str
    date: str


def decisions() -> list[DecisionDocument]:
    """Every decision by its title; raises ValueError for a page without status and date."""
    pages = [
        document
        for name, document in documents().items()
        if name.startswith(FOLDER) and name != INDEX
    ]
    return sorted((_decision(page.name, page.text) for page in pages), key=lambda row: row.title)


def as_markdown() -> str:
    rows = (
        f"| [{row.title}]({row.name.removeprefix(FOLDER)}) | {row.status} | {row.date} |\n"
        for row in decisions()
    )
    return _HEAD + "".join(rows)


def _decision(name: str, text: str) -> DecisionDocument:
    title, _, body = text.lstrip("# ").partition("\n")
    status = _STATUS.match(body.strip())
    if status is None:
        raise ValueError(f"{name} doesn't begin with its status and date")
    return DecisionDocument(name, title, status[1], status[2])


if __name__ == "__main__":
    sys.stdout.write(as_markdown())

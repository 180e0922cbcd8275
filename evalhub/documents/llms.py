"""llms.txt (llmstxt.org): the front page's lists as one text for programs that read documents."""

import re
from collections.abc import Callable
from posixpath import normpath

from evalhub.documents import documents
from evalhub.documents.decisions import decisions

_CHAPTER = re.compile(r"^## (.*)$")
_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([^)#]+\.md)\)(?:: (.*))?$")


def llms_txt(address: Callable[[str], str]) -> str:
    """The title, the sentence below it, and each chapter's entries.

    `address` gives the address of a document's Markdown by its name. Decisions are in the chapter
    "Optional", which a reader with little room leaves out.
    """
    front = documents()["index.md"]
    lines = front.text.splitlines()
    summary = next(line for line in lines[1:] if line.strip())
    rows = [f"# {front.title}", "", f"> {summary}"]
    for line in lines:
        if chapter := _CHAPTER.match(line):
            rows += ["", f"## {chapter[1]}", ""]
        elif entry := _ENTRY.match(line):
            title, path, note = entry.groups()
            link = f"- [{title}]({address(_name(path))})"
            rows.append(f"{link}: {note}" if note else link)
    rows += ["", "## Optional", ""]
    rows += [f"- [{row.title}]({address(row.name)}): a decision" for row in decisions()]
    return "\n".join(rows) + "\n"


def _name(path: str) -> str:
    """A link of the front page as a document's name: what lies beside docs/ is named without it."""
    return normpath(path).removeprefix("../")

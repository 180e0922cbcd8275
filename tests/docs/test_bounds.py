"""The page on limits says what the constants are."""

from pathlib import Path

import pytest

from evalhub.io import document, json_values, limits, word_diff
from evalhub.serving.plain_fields import LONGEST_NUMBER
from reviews.pages import markdown
from reviews.planning import answers
from runners.metrics import pattern, subprocess_scoring

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference/limits.md"
WEB = limits.WEB


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("an upload by the web: the file", f"{WEB.bytes:,} bytes"),
        ("an upload by the web: its text once unpacked", f"{WEB.decoded:,} bytes"),
        ("an upload by the web: rows", f"{WEB.rows:,}"),
        ("an upload by the web: a line", f"{WEB.line:,} bytes"),
        ("an upload by the web: a text in a row", f"{WEB.cell:,} characters"),
        ("an upload by the web: values", f"{WEB.values:,}"),
        ("a file named on the command line: a line", f"{limits.COMMAND.line:,} bytes"),
        ("JSON, nested", f"{json_values.NESTING} deep"),
        ("a study, policy or plan: the file", f"{document.MOST_BYTES:,} bytes"),
        ("a study, policy or plan: values", f"{document.MOST_VALUES:,}"),
        ("a study, policy or plan: aliases", f"{document.MOST_ALIASES:,}"),
        ("a study, policy or plan: nested", f"{document.DEEPEST} deep"),
        (
            "scoring one answer",
            f"{subprocess_scoring.SECONDS:g} s of computing, {subprocess_scoring.MEMORY_MB:,} MB",
        ),
        ("an answer with its references", f"{subprocess_scoring.LONG:,} characters"),
        ("a pattern", f"{pattern.LONGEST:,} characters"),
        ("two answers marked where they differ", f"{word_diff.LONGEST:,} characters"),
        (
            "an answer laid out as Markdown",
            f"{markdown.LONGEST:,} characters, {markdown.MOST_MARKS:,} marks",
        ),
        ("a field of a page", f"{LONGEST_NUMBER} digits"),
    ],
)
def test_the_page_says_the_limit(what: str, said: str) -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {what}")]
    assert [line for line in lines if line.endswith(f"| {said} |")]


def test_the_page_says_what_is_kept_of_a_plan() -> None:
    said = " ".join(PAGE.read_text().split())
    assert f"of {answers.MANY:,} answers or more" in said
    assert answers.MOST_KEPT == 4
    assert f"at most four times and {answers.MOST_ANSWERS:,} answers a process" in said

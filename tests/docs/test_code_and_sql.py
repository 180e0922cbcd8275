"""The page on code and SQL says the bounds that the sandbox keeps."""

from pathlib import Path

from evalhub.io.published_rows import LARGEST_SCRIPT
from runners.sandbox.bounds import MIB, Bounds
from runners.sandbox.programs.sql_rows import SIGNIFICANT_DIGITS
from runners.sandbox.programs.values import LONGEST_MESSAGE
from tests.runners.metrics.test_pass_at_k import GREATEST_DIFFERENCE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "code-and-sql.md"


def test_the_page_says_the_bounds() -> None:
    text, bounds = PAGE.read_text(encoding="utf-8"), Bounds()
    for row in (
        f"| time | the metric's `seconds` ({bounds.seconds:g}) |",
        f"| memory | {bounds.memory_bytes // MIB:,} MB of all processes together |",
        f"| processes and threads | {bounds.processes} |",
        f"| files to write | {bounds.disk_bytes // MIB} MB in `/tmp`, and as many in `/dev/shm` |",
        f"| a value that an answer gives | {LONGEST_MESSAGE // MIB} MB |",
    ):
        assert row in text
    assert f"may be a script of {LARGEST_SCRIPT:,} characters at most" in text
    assert f"differs by {GREATEST_DIFFERENCE:g} at most" in text
    assert SIGNIFICANT_DIGITS == 10
    assert "to ten significant digits" in text

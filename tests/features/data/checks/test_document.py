"""The page that lists the checks."""

import re
from pathlib import Path

from evalhub.features.data.checks.size import NAME as SIZE
from evalhub.features.data.checks.table import CHECKS

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "reference" / "data-checks.md").read_text()


def test_every_check_is_a_row_of_its_page_with_the_rows_that_it_reads() -> None:
    stated = {
        name: rows
        for names, rows in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", PAGE, re.M)
        for name in re.findall(r"`([^`]+)`", names)
    }
    # The size is counted by the check of exact copies.
    made = {SIZE: "all"} | {
        check.name: "all" if check.on_all_rows else "sample" for check in CHECKS
    }
    assert stated | {"judged-answers": "all"} == made

"""Style, types and layers hold: the test commands run the checkers too.

Types are a heavy test: without a cache they take a minute. `make check` has them before a commit.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "check",
    [
        "ruff check --no-fix",
        "ruff format --check",
        pytest.param("mypy", marks=pytest.mark.heavy),
        "lint-imports",
    ],
)
def test_the_code_passes(check: str) -> None:
    program, *arguments = check.split()
    done = subprocess.run(
        [Path(sys.executable).parent / program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

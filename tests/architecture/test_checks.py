"""Style, types and layers hold: the test commands run the checkers too, as before a commit.

Types are a heavy test: without a cache they take a minute. `make check` has them before a commit.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
(BEFORE_A_COMMIT,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


@pytest.mark.parametrize(
    "check",
    [
        *(hook["entry"].removeprefix("uv run ") for hook in BEFORE_A_COMMIT["hooks"]),
        pytest.param("mypy", marks=pytest.mark.heavy),
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

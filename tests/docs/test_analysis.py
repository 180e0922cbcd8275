"""Pages are run as they stand: their commands by a shell, their output compared."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("page", "commands"),
    [
        ("reference/analysis.md", 4),
        ("reference/judge-check.md", 3),
        ("reference/power.md", 5),
        ("how-to/leakage.md", 2),
    ],
)
def test_every_command_of_a_page_prints_what_the_page_says(
    page: str, commands: int, tmp_path: Path
) -> None:
    """Fails for a figure, a state or an exit code that the page has and the program hasn't."""
    pattern = r"```sh\n(.*?)```(?:\n```text\n(.*?)```)?"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {key: value for key, value in os.environ.items() if not key.startswith("EVALHUB_")}
    blocks = re.findall(pattern, (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    for block, expected in blocks:
        done = subprocess.run(
            ["bash", "-c", block],
            cwd=tmp_path,
            env={**env, "PATH": path, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stderr == ""
        printed = [line.rstrip() for line in done.stdout.splitlines()]
        missing = [line for line in expected.splitlines() if line not in printed]
        assert not missing, f"the page has {missing}; printed was:\n{done.stdout}"
    assert len(blocks) == commands

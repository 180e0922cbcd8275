"""Pages to work along are run as they stand: their commands by a shell, their lines compared."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def steps(page: str) -> list[tuple[str, list[str]]]:
    """Each ```sh block with the lines of the ```text block that follows it, if one does."""
    text = (DOCS / page).read_text(encoding="utf-8")
    pattern = r"```sh\n(.*?)```(?:\n```text\n(.*?)```)?"
    return [
        (found[1], (found[2] or "").splitlines()) for found in re.finditer(pattern, text, re.DOTALL)
    ]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("tutorials/first-verdict.md", 10),
        ("tutorials/shadow-study.md", 25),
        ("how-to/cheaper-model.md", 9),
    ],
)
def test_every_command_of_a_page_prints_what_the_page_says(
    page: str, lines: int, tmp_path: Path
) -> None:
    """Fails for a verdict, an exit code or a sentence that the page has and the program hasn't."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = ("EVALHUB_", "DJANGO_")  # the tests' settings would give each command its own home
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    compared = 0
    for commands, expected in steps(page):
        done = subprocess.run(
            ["bash", "-c", commands],
            cwd=tmp_path,
            env={**env, "PATH": path, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        printed = [line.strip() for line in done.stdout.splitlines()]
        for line in expected:
            assert any(each.startswith(line.strip()) for each in printed), (
                f"the page says {line!r}; printed was:\n{done.stdout}\n{done.stderr}"
            )
            compared += 1
    assert compared >= lines

"""How a command ends: what it leaves behind, and what it says last."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_models import needs_torch


def call(start: list[str], *arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    return subprocess.run(
        [*start, *arguments], cwd=at, env=plain, capture_output=True, text=True, check=False
    )


@pytest.mark.heavy
def test_it_leaves_the_database_in_its_one_file(tmp_path: Path) -> None:
    evalhub = str(Path(sys.executable).with_name("evalhub"))
    assert call([evalhub], "user", "add", "olga", at=tmp_path).returncode == 0
    left = {path.name for path in (tmp_path / ".evalhub").glob("evalhub.sqlite3*")}
    assert left == {"evalhub.sqlite3"}


@pytest.mark.hf
@pytest.mark.heavy
def test_libraries_of_models_have_nothing_to_complain_of(tmp_path: Path) -> None:
    needs_torch()
    pytest.importorskip("triton")
    with_models = "import torch, triton; from evalhub.cli.app import main; main()"
    done = call([sys.executable, "-c", with_models], "--version", at=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")

"""The folder that importers' tests work in."""

import shutil
from pathlib import Path

import pytest

from tests.importers.logs import FILES


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with all logs in it."""
    for each in FILES.iterdir():
        if each.is_dir() and each.name != "make":
            shutil.copytree(each, tmp_path / each.name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path

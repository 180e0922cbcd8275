"""Folders that commands work in."""

from pathlib import Path

import pytest

from tests.cli.scorefiles import fill, write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a policy and files of scores (tests.cli.scorefiles)."""
    return fill(tmp_path, monkeypatch)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A file of eight pairs of answers to compare."""
    path = tmp_path / "tone.jsonl"
    rows = [{"id": f"k{i}", "prompt": f"P{i}", "left": f"L{i}", "right": f"R{i}"} for i in range(8)]
    write(path, rows)
    return path

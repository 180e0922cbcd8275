"""What may not be in the repository, and how long a file may grow."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 420
# split so that this file doesn't hold what it forbids
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.$}/-])/" + r"(work|home/\w+|root)/"),
    "a private key": re.compile("BEGIN [A-Z ]*PRIVATE" + " KEY"),
    "a package registry's files": re.compile(r"files\.pythonhosted" + r"\.org"),
}
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".html", ".css", ".js", ".txt", ""}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The repository's files; without git (an archive), all that aren't generated."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        return [ROOT / name for name in listed if (ROOT / name).is_file()]
    generated = {".venv", ".evalhub", "__pycache__"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not generated & set(path.relative_to(ROOT).parts)
    ]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str, tracked: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked
        if path.suffix in TEXT
        if (match := FORBIDDEN[what].search(path.read_text()))
    ]
    assert found == []


def test_no_lock_file_is_kept_since_it_names_hosts(tracked: list[Path]) -> None:
    assert ROOT / "uv.lock" not in tracked


def test_no_python_file_is_two_nouns_long(tracked: list[Path]) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in tracked
        if path.suffix == ".py" and "migrations" not in path.parts
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_the_top_level_stays_short(tracked: list[Path]) -> None:
    """Three packages, the tests, the documents, and what tools look for here."""
    folders = {path.relative_to(ROOT).parts[0] for path in tracked if path.parent != ROOT}
    assert folders == {".ci", ".github", "docs", "evalhub", "reviews", "runners", "tests"}

"""The record of which files each heavy test module used."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.selection.noting import OF_ALL, OUTCOMES, PROCESSES
from tests.selection.processes import used_files
from tests.selection.record import ROOT, Module, Record, from_notes, read, tracked, write

CODE = """
import pathlib, subprocess, sys
from evalhub.stats.multiplicity import holm
holm([.01, .02])
pathlib.Path("evalhub/site/templates/base.html").read_text()
subprocess.run([sys.executable, "tests/stats/__init__.py"])
"""


def test_a_process_notes_what_it_runs_and_what_it_opens(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    noting = {"PYTHONPATH": os.pathsep.join([PROCESSES, str(ROOT)]), used_files.NOTES: str(notes)}
    environment = os.environ | noting
    subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=environment, check=True)
    noted = notes.read_text().splitlines()
    assert "evalhub/stats/multiplicity.py" in noted  # it ran a function of it
    assert "evalhub/site/templates/base.html" in noted  # it opened it
    assert "tests/stats/__init__.py" in noted  # it started it
    assert "evalhub/stats/__init__.py" not in noted  # an import alone
    assert len(noted) == len(set(noted))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{ROOT}/evalhub/x.py", "evalhub/x.py"),
        ("evalhub/../runners/x.py", "runners/x.py"),
        (f"{ROOT}/.venv/lib/site-packages/evalhub/x.html", "evalhub/x.html"),
        (f"{ROOT}/.venv/lib/site-packages/django/x.py", None),
        (f"{ROOT}/.git/HEAD", None),
        ("/elsewhere/x.py", None),
    ],
)
def test_a_path_is_named_as_in_the_checkout(
    path: str, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert used_files.in_the_project(path) == name


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    files = {f"file{number}": f"{number}" for number in range(20)}
    used = frozenset({"file0", "file7", "file19"})
    record = Record(files, {"m.py": Module({"beside": 1.5, "alone": 2.0}, used)})
    write(record, tmp_path / "record.json")
    assert read(tmp_path / "record.json") == record
    assert read(tmp_path / "none.json") == Record()


def checkout(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("from evalhub import bounds\n" if name == "evalhub/a.py" else "")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def noted(folder: Path, *, used: Mapping[str, str], outcomes: Mapping[str, str]) -> Path:
    """The notes of a run, in which each module's one test took 1.5 s alone."""
    folder.mkdir()
    (folder / f"1~{OF_ALL}").write_text("tests/conftest.py\n")
    rows = []
    for module, outcome in outcomes.items():
        (folder / f"1~{module.replace('/', '~')}").write_text(used.get(module, ""))
        rows += [[module, "alone", "setup", 0.5, "passed"], [module, "alone", "call", 1.0, outcome]]
    (folder / OUTCOMES).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_record_holds_what_passed_and_what_it_used(tmp_path: Path) -> None:
    code = ["evalhub/a.py", "evalhub/b.py", "evalhub/bounds.py", "evalhub/site/page.html"]
    conftest, page, walk = "tests/conftest.py", "tests/site/test_page.py", "tests/e2e/test_walk.py"
    failing, skipped = "tests/e2e/test_failing.py", "tests/e2e/test_skipped.py"
    documents = ["README.md", "read.md"]
    root = checkout(tmp_path / "root", *code, conftest, page, walk, failing, skipped, *documents)
    outcomes = {page: "passed", walk: "passed", failing: "failed", skipped: "skipped"}
    notes = noted(
        tmp_path / "notes", used={walk: "evalhub/a.py\nread.md\n/gone\n"}, outcomes=outcomes
    )
    record = from_notes(notes, Record(), root)
    used = {module: known.used for module, known in record.modules.items()}
    assert used == {
        walk: {walk, conftest, "evalhub/a.py", "evalhub/bounds.py", "read.md"},
        page: {page, conftest, "evalhub/site/page.html"},  # its folder's mirror
        failing: set(),
        skipped: set(),
    }
    assert record.modules[walk].seconds == {"alone": 1.5}
    assert {*record.files} == {*tracked(root)} - {"README.md", failing, skipped}


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ("evalhub/b.py", True),
        ("evalhub/site/page.html", False),
        ("evalhub/new.py", False),
        ("tests/site/test_new.py", True),
    ],
)
def test_a_run_of_some_modules_leaves_others_as_they_are(
    changed: str, kept: bool, tmp_path: Path
) -> None:
    page, walk = "tests/site/test_page.py", "tests/e2e/test_walk.py"
    root = checkout(
        tmp_path / "root", "evalhub/b.py", "evalhub/site/page.html", "tests/conftest.py", page, walk
    )
    both = noted(tmp_path / "both", used={}, outcomes={page: "passed", walk: "failed"})
    before = from_notes(both, Record(), root)
    (root / changed).write_text("'changed'\n")
    again = noted(tmp_path / "again", used={}, outcomes={walk: "passed"})
    record = from_notes(again, before, root)
    assert record.modules[walk].used == {walk, "tests/conftest.py"}
    assert record.modules[page].seconds == {"alone": 1.5}
    assert record.modules[page].used == (before.modules[page].used if kept else set())
    assert record.files["evalhub/b.py"] == tracked(root)["evalhub/b.py"]

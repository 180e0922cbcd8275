"""The record of which files each heavy test module used."""

import json
import os
import subprocess
import sys
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


def test_a_record_holds_what_passed_and_what_it_used(tmp_path: Path) -> None:
    code = ["evalhub/a.py", "evalhub/b.py", "evalhub/bounds.py", "evalhub/site/page.html"]
    tests = ["tests/conftest.py", "tests/site/test_page.py", "tests/e2e/test_walk.py"]
    others = ["tests/e2e/test_failing.py", "tests/e2e/test_skipped.py", "README.md", "read.md"]
    root = checkout(tmp_path / "root", *code, *tests, *others)
    notes = tmp_path / "notes"
    notes.mkdir()
    modules = [*tests[1:], *others[:2]]
    (notes / f"1~{OF_ALL}").write_text("tests/conftest.py\n")
    for module in modules:
        used = "evalhub/a.py\nread.md\n/gone\n" if module == tests[2] else ""
        (notes / f"1~{module.replace('/', '~')}").write_text(used)
    rows = [[module, "alone", "setup", 0.5, "passed"] for module in modules]
    rows += [[module, "alone", "call", 1.0, "passed"] for module in modules[:3]]
    rows += [[others[0], "beside", "teardown", 1.0, "failed"]]
    rows += [[others[1], "alone", "call", 0.0, "skipped"]]
    (notes / OUTCOMES).write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = from_notes(notes, root)
    assert {*record.modules} == {*tests[1:]}
    walk, page = record.modules[tests[2]], record.modules[tests[1]]
    assert walk.seconds == {"alone": 1.5}
    assert walk.used == {tests[2], tests[0], "evalhub/a.py", "evalhub/bounds.py", "read.md"}
    assert page.used == {tests[1], tests[0], "evalhub/site/page.html"}  # its folder's mirror
    assert {*record.files} == {*tracked(root)} - {"README.md", others[0], others[1]}

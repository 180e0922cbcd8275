"""`-p tests.selection.noting --note-used FOLDER`: which files each test module uses, how long it
takes, and whether it passes. `tests.selection.record` makes a record of them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.selection.processes import used_files

FOLDER = "note_used"
OUTCOMES = "outcomes.jsonl"
OF_ALL = "of-all"
"""The notes of what is set up once for a process: all modules that it runs use it."""
PROCESSES = str(Path(used_files.__file__).parent)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--note-used", dest=FOLDER, help="the folder of the notes")


def pytest_configure(config: pytest.Config) -> None:
    if folder := config.getoption(FOLDER):
        config.pluginmanager.register(Noting(Path(folder).resolve()), "notes of used files")


class Noting:
    """Switches the notes from module to module."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.module = ""
        self.reports = "PYTEST_XDIST_WORKER" not in os.environ
        os.environ[used_files.NOTES] = self.notes(OF_ALL)
        paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([PROCESSES, *filter(None, paths)]))
        used_files.begin()

    def notes(self, module: str) -> str:
        return str(self.folder / f"{os.getpid()}~{module.replace('/', '~')}")

    def note_for(self, module: str) -> None:
        os.environ[used_files.NOTES] = self.notes(module)
        used_files.begin_again()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        module = item.nodeid.partition("::")[0]
        if module != self.module:
            self.module = module
            self.note_for(module)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        if fixturedef.scope not in {"session", "package"}:
            return (yield)
        self.note_for(OF_ALL)
        try:
            return (yield)
        finally:
            self.note_for(self.module)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self.reports:
            return
        kinds = [kind for kind in ("alone", "paired") if kind in report.keywords]
        module = report.nodeid.partition("::")[0]
        row = [module, (kinds or ["beside"])[0], report.when, round(report.duration, 3)]
        with (self.folder / OUTCOMES).open("a") as outcomes:
            outcomes.write(json.dumps([*row, report.outcome]) + "\n")

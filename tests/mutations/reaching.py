"""`-p tests.mutations.reaching --reached FOLDER`: which tests reach each line of the areas.

A line that a fixture of a module, a class or the whole run reaches is noted for the module that
first asked for it. Needs coverage: `uv run --with coverage pytest ...`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.mutations import SECONDS, SHARES


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reached", help="the folder of what the tests reach")


def pytest_configure(config: pytest.Config) -> None:
    if folder := config.getoption("reached"):
        config.pluginmanager.register(Reaching(Path(folder).resolve()), "what the tests reach")


class Reaching:
    """Switches the context from test to test."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.seconds = folder / SECONDS
        self.test, self.took = "", 0.0
        self.coverage = coverage.Coverage(
            str(folder / ".coverage"), data_suffix=True, config_file=False, source=[*SHARES]
        )
        self.coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.test, self.took = item.nodeid, 0.0
        self.coverage.switch_context(self.test)
        try:
            return (yield)
        finally:
            self.coverage.switch_context("")
            with self.seconds.open("a") as seconds:
                seconds.write(json.dumps([self.test, round(self.took, 3)]) + "\n")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        self.coverage.switch_context(self.test.partition("::")[0])
        try:
            return (yield)
        finally:
            self.coverage.switch_context(self.test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took += report.duration

    def pytest_unconfigure(self) -> None:
        self.coverage.stop()
        self.coverage.save()

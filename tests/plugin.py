"""What must be in place before Django reads its settings: `-p tests.plugin` loads it early.

The tests see no EVALHUB_ variable of the shell they are started from, but for the path of a
browser, nor the width of its terminal, nor that a CI runs them: verdicts would say so.
(TESTS_IN_CI tells it to those that then fail in place of being skipped.) A shell that started them
in the background doesn't keep Ctrl+C from the programs that they start; and with `--postgresql` the
database that they run on is a real PostgreSQL, and others are left out. Unless some tests
are selected all are run, on every core; each process computes on one thread.
"""

import argparse
import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from evalhub.env import OF_CI

KEPT = {"EVALHUB_CHROMIUM"}
# Programs that tests start keep what they compile: else each compiles everything again.
OF_THE_SHELL = ("COLUMNS", "PYTHONDONTWRITEBYTECODE")
# Processes beside each other that each compute on all cores wait for one another.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
MOST_PROCESSES = 4
LONGEST = (
    "runners/test_outages.py",
    "e2e/test_versions_story.py",
    "api/test_schemathesis.py",
    "deployment/test_probe_live.py",
    "e2e/test_admin_pages.py",
    "e2e/test_every_page.py",
    "e2e/test_laptop_to_thirty.py",
)
"""Files of a minute or more begin first, so that no process waits at the end for another's."""
SELECTING = ("file_or_dir", "keyword", "markexpr", "lf", "stepwise")
BY_HAND = ("collectonly", "usepdb", "trace", "postgresql")
SERVERS = ExitStack()
OF_THE_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}
LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgresql",
        action="store_true",
        help="run the database tests, and no others, on a real PostgreSQL, started for them",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None]:
    options = early_config.known_args_namespace
    if not selects(options) and "PYTEST_XDIST_WORKER" not in os.environ:
        args += ["-n", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "loadfile"]
        args += ["--no-loadscope-reorder"]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ours = {name for name in os.environ if name.startswith("EVALHUB_")} - KEPT
    if os.environ.get("CI") == "true":
        os.environ["TESTS_IN_CI"] = "true"  # which processes of this run see as well
    for name in [*ours, *OF_THE_SHELL, *OF_CI]:
        os.environ.pop(name, None)
    os.environ.update(ONE_THREAD)
    if options.postgresql:
        from tests.services import postgresql

        os.environ["EVALHUB_DATABASE_URL"] = SERVERS.enter_context(postgresql())
    yield


def selects(options: argparse.Namespace) -> bool:
    """Whether some tests are asked for, or how they are run: few begin sooner in one process."""
    given = vars(options)  # a plugin that was switched off has no option
    return given.get("numprocesses") is not None or any(map(given.get, SELECTING + BY_HAND))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Heavy tests are left to `-m heavy`, and named at the end. Those with a browser are heavy.

    The browser's tests come last, whatever order other plugins make: its loop stays in the thread,
    and its site's connections are known by no other test. Of both kinds the longest come first.
    """
    for item in items:  # before `-m` is asked of them
        if _in_a_browser(item):
            item.add_marker("heavy")
    yield
    if not config.option.markexpr:
        heavy = {item for item in items if item.get_closest_marker("heavy")}
        config.stash[LEFT_OUT] = [item.nodeid for item in items if item in heavy]
        config.hook.pytest_deselected(items=[*heavy])
        items[:] = [item for item in items if item not in heavy]
    if config.option.postgresql:
        others = [item for item in items if not _of_the_database(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if _of_the_database(item)]
    items.sort(key=lambda item: (_in_a_browser(item), not item.path.as_posix().endswith(LONGEST)))


def _of_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db")) or not OF_THE_DATABASE.isdisjoint(fixtures)


def _in_a_browser(item: pytest.Item) -> bool:
    return "playwright" in getattr(item, "fixturenames", ()) or bool(
        item.get_closest_marker("browser")
    )


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that ran some of the tests tells the one that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if left_out := config.stash.get(LEFT_OUT, []):
        terminalreporter.section("heavy tests, not run here: uv run pytest -m heavy")
        for each in left_out:
            terminalreporter.write_line(each)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    SERVERS.close()


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {'PostgreSQL' if config.getoption('postgresql') else 'SQLite'}"

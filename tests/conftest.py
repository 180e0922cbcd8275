"""What every test may ask for."""

import asyncio
import functools
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
import typer.main
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from evalhub.accounts.models import User
from evalhub.database.rows import OUR_ROW
from evalhub.database.tables import EMPTY
from evalhub.database.version import digest
from tests import small_models
from tests.cast import Team, a_team
from tests.fakes.openai_server import OpenAIServer
from tests.services import postgresql, redis_server
from tests.tampering import let_tests_flush

let_tests_flush()


class Once(Protocol):
    def __call__[T](self, build: Callable[[], T], /) -> T: ...


# A process of a command builds the tree of all commands once; tests run thousands in one process.
# Who reads the tree takes another (tests.commands).
typer.main.get_command = functools.cache(typer.main.get_command)

# The same examples in every run, and none is failed by a slow moment.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

SHARED_DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published data sets and answers beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("shared data not found at ../shared/data")
    return SHARED_DATA.resolve()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """On SQLite the prepared tables are kept: only migrations that they lack are applied."""
    if connection.vendor != "sqlite":
        return False
    with closing(sqlite3.connect(connection.settings_dict["TEST"]["NAME"])) as database:
        database.executescript("PRAGMA synchronous = OFF;" + EMPTY.read_text())
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """On PostgreSQL the tables are recorded as this version's, as `evalhub migrate` does."""
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock():
            MigrationRecorder(connection).record_applied(OUR_ROW, digest())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL, started for the tests: its URL."""
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis-protocol server, started for the tests: its URL."""
    with redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def small() -> Path:
    """The folder of a real small model."""
    small_models.needs_torch()
    return small_models.small_model()


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The folder of a model of random weights that answers at once."""
    small_models.needs_torch()
    return small_models.tiny_model()


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """An OpenAI-compatible server that answers at once."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Writes its arguments to a file, one JSON row each."""

    def write(*rows: object, name: str = "questions.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return path

    return write


@pytest.fixture(autouse=True)
def beside_the_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright's event loop stays in a process that has had a browser. Other tests run as if it
    weren't there: what they test may begin one of its own."""
    loop = asyncio._get_running_loop()
    if loop is None or request.node.get_closest_marker("browser"):
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(autouse=True)
def the_same_pseudonyms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reviewers' sides and orders are drawn by their pseudonyms: the same in every run."""
    numbers = itertools.count()
    monkeypatch.setattr("reviews.joining.admit.new_pseudonym", lambda: f"r-{next(numbers):016x}")


@pytest.fixture(scope="module")
def once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Once]:
    """`once(build)` writes rows that every test of the module sees as they were written.

    A test gets a deep copy of what `build` returned. Not for a module with transactional tests.
    """

    def write[T](build: Callable[[], T]) -> T:
        with django_db_blocker.unblock():
            return build()

    written = transaction.atomic()
    write(written.__enter__)
    yield write
    write(partial(transaction.set_rollback, True))
    write(partial(written.__exit__, None, None, None))


@pytest.fixture
def team(db: None) -> Team:
    """Olga owns the project, Eva evaluates, Rui and Ruth review; Sam belongs to none of it."""
    return a_team()


@pytest.fixture
def olga(team: Team) -> Client:
    """Olga the owner, signed in."""
    return team.signed_in(team.olga)


@pytest.fixture
def eva(team: Team) -> Client:
    """Eva the evaluator, signed in."""
    return team.signed_in(team.eva)


@pytest.fixture
def rui(team: Team) -> Client:
    """Rui the reviewer, signed in."""
    return team.signed_in(team.rui)


@pytest.fixture
def ruth(team: Team) -> Client:
    """Ruth the reviewer, signed in."""
    return team.signed_in(team.ruth)


@pytest.fixture
def root(db: None) -> Client:
    """A superuser, signed in, a member of no project."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def stranger(team: Team) -> Client:
    """Sam, signed in, a member of no project."""
    return team.signed_in(team.sam)

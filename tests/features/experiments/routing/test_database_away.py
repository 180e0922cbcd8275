"""The database is taken away while flags are asked for: they go on, and so do pages afterwards."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.features.experiments.routing.test_stopping import BODY, change
from tests.migrated import migrated
from tests.services import PostgreSQL, postgresql_server
from tests.serving.site import Reply, Site, ask, up

pytestmark = [pytest.mark.heavy, pytest.mark.alone, pytest.mark.services]

AWAY_S = 10
FLAG_AT = "/ofrep/v1/evaluate/flags/model"
SOMEBODY = "sessionid=abcdefghijklmnopqrstuvwxyz012345"
"""A session that is looked up in the database."""


type Away = Callable[[PostgreSQL], AbstractContextManager[None]]


@contextmanager
def killed(database: PostgreSQL) -> Iterator[None]:
    """The server is dead while the block runs."""
    database.kill()
    try:
        yield
    finally:
        database.start()


@pytest.mark.parametrize("away", [killed, PostgreSQL.hanging])
def test_flags_go_on_and_the_rest_recovers(tmp_path: Path, away: Away) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(postgresql_server())
        url = migrated(database.url)
        site = stack.enter_context(up(tmp_path, "--processes", "2", EVALHUB_DATABASE_URL=url))
        token = change(site, "begin")

        def flag() -> Reply:
            headers = {"Authorization": f"Bearer {token}"}
            return ask(site.port, FLAG_AT, method="POST", body=BODY, **headers)

        before = {flag().text for _ in range(50)}
        assert len(before) == 1
        with away(database):
            end = time.monotonic() + AWAY_S
            while time.monotonic() < end:
                assert flag().text in before
            assert ask(site.port, "/healthz").status == 200
        until_well(site)
        change(site, "stop")
        time.sleep(1)
        assert {'"reason": "STATIC"' in flag().text for _ in range(50)} == {True}


def until_well(site: Site) -> None:
    end = time.monotonic() + 60
    while ask(site.port, "/reviews/", Cookie=SOMEBODY).status == 503:
        assert time.monotonic() < end
        time.sleep(0.2)

"""A site with its worker, a desk whose project is there, and pauses that take no time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from evalhub.studies.run.advance import ticker
from evalhub.workers.embedded import embedded_worker
from tests.cast import Team, a_team
from tests.studies.desks import Desk


@pytest.fixture
def team(transactional_db: None) -> Team:
    return a_team()


def a_token(team: Team, *scopes: Scope) -> str:
    """A token of Eva's, who evaluates."""
    name = f"CI {' '.join(scopes)}"
    return add_token(project=team.project, user=team.eva, name=name, scopes=scopes, by=None).secret


@pytest.fixture
def site(
    live_server: LiveServer,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> Iterator[str]:
    """The site, a worker and its timer; Eva's token is in the environment."""
    settings.HOME = tmp_path / "home"
    (tmp_path / "home").mkdir()
    secret = a_token(team, Scope.READ, Scope.INGEST, Scope.RUN, Scope.DECIDE)
    monkeypatch.setenv("EVALHUB_TOKEN", secret)
    monkeypatch.setattr("evalhub.client.connection.LONGEST_WAIT_S", 0.01)
    monkeypatch.setattr("evalhub.client.studies.PAUSE_S", 0.1)
    monkeypatch.setattr("evalhub.frames.rest.requests.LOOK_S", 0.05)
    monkeypatch.setattr("evalhub.studies.run.advance.TICK_S", 0.1)
    with embedded_worker(threads=1), ticker():
        yield live_server.url


@pytest.fixture
def desk(tmp_path: Path, team: Team) -> Desk:
    found = Desk(tmp_path)
    found.study["project"] = team.project.slug
    return found

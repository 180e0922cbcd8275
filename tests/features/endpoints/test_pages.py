"""The endpoints that an operator made are listed, priced and tried; nothing of a try is kept."""

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.registry.models import Output, Run
from tests.cast import Team, a_team, a_version
from tests.fakes.openai_server import OpenAIServer, saying

PRICES = """\
schema: evalhub.prices/1
currency: EUR
providers:
  ours:
    endpoints: [desk]
    source: https://prices.example.org
    models:
      - names: [support-7b]
        prices: [{since: 2026-01-01, prompt: 0.5, completion: 1.5}]
"""


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[OpenAIServer]:
    """A model behind the alias `desk`, beside an endpoint of the internet."""
    settings.HOME = tmp_path
    with OpenAIServer() as found:
        settings.ENDPOINTS = json.dumps(
            {
                "desk": {"url": found.url, "private": True},
                "hosted": {"url": "https://models.example.org/v1"},
            }
        )
        found.misbehave = lambda prompt, attempt: saying("Hello <there>.")
        yield found


def asks(team: Team, name: str, model: str) -> None:
    a_version(team, name, backend={"type": "openai", "endpoint": "desk", "model": model})


def test_each_endpoint_is_listed_with_its_models_and_prices(
    olga: Client, team: Team, server: OpenAIServer, tmp_path: Path
) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    asks(team, "first", "support-7b")
    asks(team, "second", "support-7b")
    asks(team, "third", "other-7b")
    shown = olga.get("/endpoints/").text
    assert 'href="/endpoints/desk/">desk</a>' in shown
    assert "models.example.org" in shown
    assert "0.5 in, 1.5 out" in shown
    assert "EUR, since 2026-01-01" in shown
    assert "not known" in shown  # of the other model
    assert '<td class="number inline" data-label="Versions">2</td>' in shown
    assert "no version yet" in shown  # of the other endpoint


def test_a_private_host_isn_t_shown(olga: Client, team: Team, server: OpenAIServer) -> None:
    for path in ("/endpoints/", "/endpoints/desk/"):
        shown = olga.get(path).text
        assert "rivate network" in shown
        assert "127.0.0.1" not in shown


def test_versions_of_others_don_t_name_their_models(team: Team, server: OpenAIServer) -> None:
    other = a_team("Others", "others")
    other.project.memberships.filter(user=team.eva).delete()
    asks(other, "theirs", "secret-7b")
    assert "secret-7b" not in team.signed_in(team.eva).get("/endpoints/").text


def test_a_message_is_tried_and_nothing_is_kept(
    olga: Client, team: Team, server: OpenAIServer
) -> None:
    form = {"model": "support-7b", "message": "Say hello."}
    shown = olga.post("/endpoints/desk/", form)
    assert shown.status_code == 200
    assert "Hello <there>." in html.unescape(shown.text)
    assert "Hello <there>." not in shown.text
    assert server.requests[0]["messages"] == [{"role": "user", "content": "Say hello."}]
    assert server.requests[0]["max_tokens"] == 256
    assert "tokens in" in shown.text
    assert not Run.objects.exists()
    assert not Output.objects.exists()


def test_a_try_is_priced(olga: Client, team: Team, server: OpenAIServer, tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    shown = olga.post("/endpoints/desk/", {"model": "support-7b", "message": "Hello?"}).text
    assert "it cost 0.00000" in shown


@pytest.mark.parametrize("missing", ["model", "message"])
def test_what_is_missing_is_said_and_nothing_is_asked(
    olga: Client, team: Team, server: OpenAIServer, missing: str
) -> None:
    form = {"model": "support-7b", "message": "Hello?"} | {missing: " "}
    page = olga.post("/endpoints/desk/", form)
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert not server.requests


def test_without_an_endpoint_the_page_says_who_makes_one(olga: Client, team: Team) -> None:
    shown = olga.get("/endpoints/").text
    assert "No endpoints yet" in shown
    assert olga.get("/endpoints/desk/").status_code == 404


def test_what_is_wrong_with_the_operator_s_file_is_said(
    olga: Client, team: Team, settings: Any
) -> None:
    settings.ENDPOINTS = "{"
    assert "EVALHUB_ENDPOINTS" in olga.get("/endpoints/").text


def test_reviewers_are_refused(team: Team, server: OpenAIServer) -> None:
    client = team.signed_in(team.rui)
    assert client.get("/endpoints/").status_code == 403
    form = {"model": "support-7b", "message": "Hello?"}
    assert client.post("/endpoints/desk/", form).status_code == 403
    assert not server.requests

"""What a browser shows comes compressed; what a program reads doesn't."""

import gzip

import pytest
from django.test import Client

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from tests.cast import Team, a_test_set

pytestmark = pytest.mark.django_db

TAKES_GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_is_compressed_for_a_browser_that_takes_it(team: Team) -> None:
    client = team.signed_in(team.olga)
    plain = client.get("/studies/")
    page = client.get("/studies/", headers=TAKES_GZIP)

    assert page["Content-Encoding"] == "gzip"
    assert len(page.content) < len(plain.content) / 2
    assert gzip.decompress(page.content).startswith(b"<!doctype html>")
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain["Vary"]


@pytest.mark.parametrize("path", ["/static/report/evalhub.css", "/static/reviews/review.js"])
def test_styles_and_scripts_are_compressed(path: str) -> None:
    response = Client().get(path, headers=TAKES_GZIP)

    assert response["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(b"".join(response.streaming_content))) > 1_000


def test_rest_keeps_its_strong_etags(team: Team) -> None:
    a_test_set(team)
    a_test_set(team, "guards")
    secret = add_token(
        project=team.project, user=team.eva, name="ci", scopes=[Scope.READ], by=None
    ).secret
    response = Client().get(
        f"/api/v1/projects/{team.project.slug}/test-sets",
        headers=TAKES_GZIP | {"Authorization": f"Bearer {secret}"},
    )

    assert len(response.content) > 200
    assert "Content-Encoding" not in response.headers

"""What a browser shows comes compressed; files to keep don't."""

import gzip

import pytest
from django.test import Client

from tests.cast import Team
from tests.site.cases import a_measured_study

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


def test_a_file_to_keep_stays_as_it_is(team: Team) -> None:
    study = a_measured_study(team)
    response = team.signed_in(team.olga).get(f"/studies/{study.pk}/study.yaml", headers=TAKES_GZIP)

    assert response.status_code == 200
    assert "Content-Encoding" not in response.headers

"""Every page of an error says what happened and where to go, in the site's look."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse

from evalhub.serving.failing import failure_page
from tests.cast import Team

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def raising(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    path("x/400", raising(TooManyFieldsSent("many"))),
    path("x/403", raising(PermissionDenied("only an owner closes a review"))),
    path("x/500", raising(ZeroDivisionError("oh"))),
    path("x/503", raising(OperationalError("database is locked"))),
    path("", include("evalhub.urls")),
]
handler500 = failure_page


@pytest.fixture(autouse=True)
def urls() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def said(answer: Any) -> str:
    """What a person reads there; fails for a page without a heading, a way on, or the look."""
    html = answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "report/evalhub.css" in html
    assert "<title>" in html
    assert len(re.findall("<h1", html)) == 1
    main = html.partition('<main id="main"')[2]
    assert re.search(r'<a class="button primary" href="[^"]*"', main), "it leads nowhere"
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", main))


@pytest.fixture
def at(olga: Client) -> Client:
    olga.raise_request_exception = False
    return olga


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/x/400", 400, "can’t be understood"),
        ("/x/403", 403, "only an owner closes a review"),
        ("/studies/999999/", 404, "mistyped"),
        ("/nothing/at/all", 404, "mistyped"),
        ("/runs/1/cancel/", 405, "It takes what a page of this site sends it"),
        ("/studies/?sort=%00", 400, "control character"),
        ("/x/500", 500, "Nothing that was saved is lost"),
        ("/x/503", 503, "look before you send it again"),
    ],
)
def test_an_error_says_what_happened_and_where_to_go(
    at: Client, address: str, status: int, words: str
) -> None:
    answer = at.get(address, headers=HTML)
    assert answer.status_code == status
    assert words in said(answer)


def test_a_form_without_its_token_is_told_so(team: Team) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(team.olga)
    answer = client.post(reverse("site:cancel_run", args=[1]), headers=HTML)
    assert answer.status_code == 403
    assert "This was not taken" in answer.text
    assert '<button class="primary"' in answer.text or 'class="button primary"' in answer.text


@pytest.mark.parametrize("status", [500, 503])
def test_what_is_said_of_our_own_faults_asks_no_database(at: Client, status: int) -> None:
    at.get("/studies/")
    with CaptureQueriesContext(connection) as asked:
        answer = at.get(f"/x/{status}", headers=HTML)
    assert answer.status_code == status
    names = {re.search(r'FROM "(\w+)"', each["sql"]) for each in asked.captured_queries}
    tables = {found[1] for found in names if found}
    assert tables <= {"django_session", "accounts_user"}, "the page asked for more than who asks"


def test_a_program_that_wants_no_page_gets_none(at: Client) -> None:
    answer = at.get("/runs/1/cancel/")
    assert answer.status_code == 405
    assert answer.content == b""

"""Each request has an id: in its answer, and in the log where that is JSON."""

import json
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from evalhub.serving.refusals import RefusalsForPeople
from evalhub.serving.requests import IdentifiedRequests
from evalhub.serving.strangers import StrangersInTurn
from tests.cast import Team
from tests.fakes.proxy import proxy_to
from tests.serving.site import ask, up

GIVEN = "from-the-proxy-0001"


@pytest.mark.heavy
def test_an_id_comes_from_the_trusted_proxy_alone_and_stands_in_the_log(tmp_path: Path) -> None:
    with up(tmp_path, EVALHUB_LOG="json", EVALHUB_TRUSTED_PROXY="127.0.0.1") as site:
        with proxy_to(site.url, scheme="http") as port:
            by_proxy = ask(port, "/accounts/login/", X_Request_ID=GIVEN)
            odd = ask(port, "/accounts/login/", X_Request_ID="short")
        direct = ask(site.port, "/accounts/login/", X_Request_ID="from-a-stranger-0001")
        again = ask(site.port, "/accounts/sign-in/AbCdEf123/")
    assert by_proxy.headers["X-Request-ID"] == GIVEN
    made = [each.headers["X-Request-ID"] for each in (odd, direct, again)]
    assert all(len(each) == 32 for each in made)
    assert len(set(made)) == 3
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {GIVEN, *made} <= {line.get("request") for line in lines}
    [logged] = [
        line
        for line in lines
        if line.get("request") == GIVEN and line["logger"].endswith("requests")
    ]
    assert logged["message"] == "GET /accounts/login/: 200"
    assert logged["status"] == 200
    assert logged["ms"] > 0
    assert "AbCdEf123" not in site.log.read_text()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["new_comparison", "overview"])
def test_a_page_that_isn_t_theirs_says_which_request_it_was(team: Team, name: str) -> None:
    page = team.signed_in(team.ruth).get(reverse(f"site:{name}"))
    assert page.status_code == 403
    assert says_its_id(page)


@pytest.mark.django_db
def test_a_form_from_elsewhere_says_which_request_it_was(team: Team) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post(reverse("accounts:login"), {"login": "olga"})
    assert page.status_code == 403
    assert says_its_id(page)


@pytest.mark.django_db
def test_too_many_passwords_say_which_request_it_was(team: Team) -> None:
    form = {"login": "olga", "password": "not the right one"}
    client = Client()
    answers = (client.post(reverse("accounts:login"), form) for _ in range(60))
    page = next(answer for answer in answers if answer.status_code == 429)
    assert says_its_id(page)


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_strangers_out_of_turn_say_which_request_it_was(accept: str) -> None:
    def again(request: HttpRequest) -> HttpResponse:
        return crowded(request)

    crowded = StrangersInTurn(again)
    site = IdentifiedRequests(RefusalsForPeople(crowded))
    request = RequestFactory().post(reverse("accounts:login"), headers={"Accept": accept})
    page = site(request)
    assert page.status_code == 429
    assert page.headers["Content-Type"].startswith("text/html") == (accept == "text/html")
    assert says_its_id(page)


@pytest.mark.django_db
def test_a_program_s_problem_says_which_request_it_was(team: Team) -> None:
    secret = add_token(
        project=team.project, user=team.olga, name="reads", scopes=[Scope.READ], by=None
    ).secret
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "once"}
    address = f"/api/v1/projects/{team.project.slug}/tokens"
    answer = Client(headers=headers).post(address, "{}", content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def says_its_id(page: HttpResponse) -> bool:
    """Whether it stands in the header and in the body."""
    return page.headers["X-Request-ID"] in page.content.decode()

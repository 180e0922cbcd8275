"""Flags over HTTP, above Django."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from evalhub.features.experiments.starting import FLAG
from evalhub.serving.flags import FlagsFirst
from tests.features.experiments.experiments_of import CHAMPION
from tests.features.experiments.routing.asking import Asker, an_asker_without_a_site

ADDRESS = f"/ofrep/v1/evaluate/flags/{FLAG}"
BODY: Any = {"context": {"targetingKey": "user-7"}}

type Ask = Callable[..., TestResponse]


def content(answer: TestResponse) -> dict[str, Any]:
    return json.loads(answer.data)


def below(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"Django"]


@pytest.fixture
def asker() -> Asker:
    return an_asker_without_a_site(coverage=0.0)


@pytest.fixture
def ask(asker: Asker) -> Ask:
    """One request, with a token if no other headers are given."""
    client = Client(FlagsFirst(below, asker.evaluations))

    def one(path: str = ADDRESS, method: str = "POST", **options: Any) -> TestResponse:
        options = {"headers": {"Authorization": f"Bearer {asker.secret}"}} | options
        if not {"data", "json"} & set(options):
            options["json"] = BODY
        return client.open(path, method=method, **options)

    return one


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_taken(ask: Ask, asker: Asker, scheme: str) -> None:
    answer = ask(headers={"Authorization": f"{scheme} {asker.secret}"})
    assert answer.status_code == 200
    assert content(answer)["value"] == CHAMPION
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_key_in_x_api_key_is_taken(ask: Ask, asker: Asker) -> None:
    assert ask(headers={"X-API-Key": asker.secret}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}, {"X-API-Key": ""}]
)
def test_without_a_token_nothing_is_answered(ask: Ask, headers: dict[str, str]) -> None:
    answer = ask(headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Evalhub"'


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_a_flag_is_only_posted_to(ask: Ask, method: str) -> None:
    answer = ask(method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert bool(answer.data) == (method != "HEAD")


def test_a_large_context_is_refused_unread(ask: Ask) -> None:
    class Unreadable:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("it was read")

    answer = ask(
        data=b"", environ_overrides={"wsgi.input": Unreadable(), "CONTENT_LENGTH": "1000000"}
    )
    assert answer.status_code == 413
    assert content(answer)["errorCode"] == "INVALID_CONTEXT"


@pytest.mark.parametrize("length", ["", "-1", "many", "²"])
def test_a_length_that_is_none_is_an_empty_body(ask: Ask, length: str) -> None:
    answer = ask(data=b"", environ_overrides={"CONTENT_LENGTH": length})
    assert answer.status_code == 400


def test_all_flags_at_once_are_not_served(ask: Ask) -> None:
    for path in ("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/"):
        answer = ask(path)
        assert answer.status_code == 404
        assert content(answer)["errorCode"] == "GENERAL"


@pytest.mark.parametrize(
    "path",
    [
        "/ofrep/",
        "/ofrep/v1/configuration",
        "/ofrep/v2/evaluate/flags/model",
        "/ofrep/v1/evaluate/flags/%00",
        "/ofrep/v1/evaluate/flags/%ff%fe",
        "/ofrep/v1/evaluate/flags/a/b",
        "/ofrep/v1/evaluate/flags/" + "x" * 3_000,
    ],
)
def test_what_isn_t_there_is_not_found(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.status_code == 404
    assert content(answer)["errorDetails"]


def test_all_other_addresses_are_django_s(ask: Ask) -> None:
    for path in ("/", "/ofrep", "/api/v1/schema", "/studies/ofrep/"):
        assert ask(path, "GET").data == b"Django"

"""Idempotency-Key: done once, answered alike; ETag: what hasn't changed isn't sent again."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from evalhub.accounts.models import ApiToken
from evalhub.features.traffic.api import RequestRows, SignalRows
from evalhub.frames.rest.models import Answered
from evalhub.registry.models import ModelVersion
from tests.api.conftest import Program
from tests.cast import Team

Programs = Callable[..., Program]
VERSION = {"kind": "lora", "notes": "first"}
AT = "/models/tuned/versions"


def test_the_same_request_again_is_the_same_answer_and_no_new_act(program: Programs) -> None:
    caller = program()
    first = caller.post(AT, VERSION, key="once")
    again = caller.post(AT, VERSION, key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert ModelVersion.objects.count() == 1


def test_another_body_or_another_address_with_the_key_is_refused(program: Programs) -> None:
    caller = program()
    caller.post(AT, VERSION, key="once")
    for at, body in ((AT, VERSION | {"notes": "second"}), ("/models/other/versions", VERSION)):
        refused = caller.post(at, body, key="once")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert ModelVersion.objects.count() == 1


def test_a_key_is_its_token_s_alone(program: Programs) -> None:
    program("ingest").post(AT, VERSION, key="once")
    other = program("ingest", "read").post(AT, VERSION | {"notes": "second"}, key="once")
    assert other.status_code == 201


@pytest.mark.parametrize("key", ["", " ", '""'])
def test_without_a_key_nothing_is_done(program: Programs, key: str) -> None:
    caller = program()
    refused = caller.client.post(
        caller.at(AT),
        json.dumps(VERSION),
        content_type="application/json",
        headers={"Idempotency-Key": key} if key else {},
    )
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not ModelVersion.objects.exists()


def test_what_ended_in_a_problem_leaves_the_key_free(program: Programs) -> None:
    caller = program()
    assert caller.post(AT, {"kind": "lorry"}, key="once").status_code == 400
    assert not Answered.objects.exists()
    assert caller.post(AT, VERSION, key="once").status_code == 201


def test_one_that_is_being_worked_on_is_to_be_asked_again(program: Programs) -> None:
    caller = program()
    caller.post(AT, VERSION, key="once")
    at_work = {"status": None, "body": None}
    Answered.objects.update(held_until=timezone.now() + timedelta(minutes=1), **at_work)
    waiting = caller.post(AT, VERSION, key="once")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (409, "2")
    Answered.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert caller.post(AT, VERSION, key="once").status_code == 201, "its worker has died"
    assert ModelVersion.objects.count() == 1


def test_answers_are_forgotten_after_a_week(program: Programs) -> None:
    caller = program()
    caller.post(AT, VERSION, key="once")
    Answered.objects.update(created=timezone.now() - timedelta(days=8))
    assert caller.post(AT, VERSION | {"notes": "other"}, key="once").status_code == 201


def test_a_secret_is_shown_once_and_kept_nowhere(program: Programs, team: Team) -> None:
    caller = program("admin", "read", user=team.olga)
    asked = {"name": "nightly", "scopes": ["read"]}
    made = caller.post("/tokens", asked, key="once")
    assert made.status_code == 201
    secret = made.json()["token"]
    again = caller.post("/tokens", asked, key="once")
    assert again.status_code == 409
    assert secret not in again.content.decode()
    assert Answered.objects.get().body is None
    assert ApiToken.objects.filter(name="nightly").count() == 1


def posts(resolver: URLResolver | URLPattern | None = None) -> list[Any]:
    """The views of the API that take POST."""
    found = []
    for each in getattr(resolver or get_resolver("evalhub.api.urls"), "url_patterns", []):
        if isinstance(each, URLResolver):
            found += posts(each)
        elif hasattr(each.callback.view_class, "post"):
            found.append(each.callback.view_class)
    return found


def test_every_post_is_answered_once_or_takes_rows_that_are_known_by_their_id() -> None:
    assert len(posts()) > 10
    others = [each for each in posts() if not getattr(each.post, "answers_once", False)]
    assert others == [RequestRows, SignalRows]


def test_what_hasn_t_changed_isn_t_sent_again(program: Programs) -> None:
    caller = program()
    caller.post(AT, VERSION)
    first = caller.get(AT)
    same = caller.client.get(caller.at(AT), headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    caller.post(AT, VERSION | {"kind": "full"})
    news = caller.client.get(caller.at(AT), headers={"If-None-Match": first.headers["ETag"]})
    assert news.status_code == 200
    assert len(news.json()["results"]) == 2


def test_long_answers_are_packed_for_who_asks_for_that(program: Programs) -> None:
    caller = program()
    for number in range(4):
        caller.post(AT, VERSION | {"notes": "x" * 2000, "training": {"number": number}})
    packed = caller.client.get(caller.at(AT), headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.content)) == caller.get(AT).json()
    assert len(packed.content) < 2000


def test_its_last_use_is_kept_to_the_minute(program: Programs) -> None:
    caller = program()
    assert ApiToken.objects.get().last_used is None
    caller.get("/models")
    used = ApiToken.objects.get().last_used
    caller.get("/models")
    assert ApiToken.objects.get().last_used == used is not None

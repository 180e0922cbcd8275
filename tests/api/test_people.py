"""Members and tokens by REST, and how many requests a token may send."""

from collections.abc import Callable

import pytest

from evalhub.accounts.models import Action, ApiToken, LogEntry, Membership, Scope
from evalhub.frames.rest.buckets import Buckets
from evalhub.frames.rest.tokens import WINDOW_S, TokenLimit
from tests.api.conftest import Program
from tests.cast import Team

Programs = Callable[..., Program]


@pytest.fixture
def owner(program: Programs, team: Team) -> Program:
    return program(*Scope, user=team.olga)


def test_an_owner_s_program_manages_members(owner: Program, team: Team) -> None:
    members = owner.get("/members").json()["results"]
    assert {each["user"]: each["role"] for each in members} == {
        "olga": "owner", "eva": "evaluator", "rui": "reviewer", "ruth": "reviewer",
    }  # fmt: skip
    rui = next(each for each in members if each["user"] == "rui")
    changed = owner.client.patch(
        owner.at(f"/members/{rui['id']}"), {"role": "evaluator"}, content_type="application/json"
    )
    assert changed.json()["role"] == "evaluator"
    assert owner.client.delete(owner.at(f"/members/{rui['id']}")).status_code == 204
    assert not Membership.objects.filter(user=team.rui).exists()


def test_an_invitation_s_link_is_shown_once(owner: Program) -> None:
    made = owner.post("/members", {"whom": "new@example.org", "role": "reviewer"}, key="once")
    assert made.status_code == 201
    assert "/accounts/join/" in made.json()["link"]
    again = owner.post("/members", {"whom": "new@example.org", "role": "reviewer"}, key="once")
    assert again.status_code == 409
    assert "/accounts/join/" not in again.content.decode()


def test_a_token_gives_no_scope_that_it_lacks(program: Programs, team: Team) -> None:
    caller = program("admin", "read", user=team.olga)
    refused = caller.post("/tokens", {"name": "more", "scopes": ["decide"]})
    assert refused.status_code == 403
    assert ApiToken.objects.count() == 1


def test_a_token_made_by_rest_works_until_it_is_revoked(owner: Program) -> None:
    made = owner.post("/tokens", {"name": "nightly", "scopes": ["read"], "days": 7}).json()
    nightly = Program(made["token"], owner.project)
    assert nightly.get("/studies").status_code == 200
    listed = owner.get("/tokens").json()["results"]
    assert made["token"] not in str(listed)
    assert owner.client.delete(owner.at(f"/tokens/{made['id']}")).status_code == 204
    assert nightly.get("/studies").status_code == 401
    actions = set(LogEntry.objects.values_list("action", flat=True))
    assert {Action.TOKEN_MADE, Action.TOKEN_REVOKED} <= actions


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["all"]}, "scopes[0]"),
        ({"name": "x", "scopes": ["read"], "days": 400}, "days"),
    ],
)
def test_a_token_that_can_t_be_is_said(
    owner: Program, asked: dict[str, object], field: str
) -> None:
    refused = owner.post("/tokens", asked)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == field


def test_a_token_s_requests_are_counted(owner: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenLimit, "buckets", Buckets(3, WINDOW_S))
    monkeypatch.setattr("evalhub.frames.rest.buckets.time.monotonic", lambda: 1000.0)
    left = [owner.get("/studies").headers["RateLimit"] for _ in range(3)]
    assert left == ['"token";r=2;t=20', '"token";r=1;t=40', '"token";r=0;t=60']
    refused = owner.get("/studies")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "20"
    assert refused.headers["RateLimit-Policy"] == '"token";q=3;w=60'
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["request_id"] == refused.headers["X-Request-ID"]
    monkeypatch.setattr("evalhub.frames.rest.buckets.time.monotonic", lambda: 1020.5)
    assert owner.get("/studies").status_code == 200

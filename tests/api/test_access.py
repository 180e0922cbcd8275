"""Who may ask what of every endpoint: the OpenAPI document is the table, the site is asked all."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import ApiToken, Role, Scope, User
from evalhub.accounts.tokens import add_token, revoke_token
from evalhub.api.reference import reference
from evalhub.frames.rest.document import document
from tests.api.conftest import Program
from tests.cast import Team, a_team

Programs = Callable[..., Program]
FILLED = {"project": "support-desk", "name": "sha256:" + "0" * 64, "slug": "none"}
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> list[tuple[str, str, str]]:
    """(method, address, scope) of each."""
    return [
        (method, path, operation["security"][0]["token"][0])
        for path, at in document()["paths"].items()
        for method, operation in at.items()
        if method in METHODS
    ]


def address(path: str, project: str = "support-desk") -> str:
    filled = FILLED | {"project": project}
    return re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], "999999"), path)


def asked(secret: str, method: str, at: str) -> int:
    headers = {"Idempotency-Key": "k"} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    client = Client(headers=headers, raise_request_exception=False)
    kind = "application/json" if method == "post" else "application/octet-stream"
    answer: Any = client.generic(method.upper(), at, b"{}", content_type=kind)
    assert answer.headers["Content-Type"] in ("application/problem+json", "application/json")
    return int(answer.status_code)


def secret_of(team: Team, user: User, *scopes: str) -> str:
    name = f"{user} {team.project} {' '.join(scopes)}"
    held = scopes or [each for each in Scope if each is not Scope.ADMIN]
    return add_token(project=team.project, user=user, name=name, scopes=held, by=None).secret


def test_every_endpoint_needs_a_token_its_scope_and_its_project(team: Team) -> None:
    others = a_team("Others", "others")
    others.project.memberships.create(user=others.sam, role=Role.OWNER)
    stranger = secret_of(others, others.sam, *Scope)
    everything = secret_of(team, team.olga, *Scope)
    lacking = {
        scope: secret_of(team, team.olga, *[each for each in Scope if each != scope])
        for scope in Scope
    }
    alone = {scope: secret_of(team, team.olga, scope) for scope in Scope}
    found = operations()
    assert len(found) > 20
    for method, path, scope in found:
        at, told = address(path), f"{method} {path}"
        assert asked("", method, at) == 401, told
        assert asked("evh_wrong", method, at) == 401, told
        assert asked(lacking[Scope(scope)], method, at) == 403, told
        assert asked(alone[Scope(scope)], method, at) not in (401, 403), told
        assert asked(everything, method, at) < 500, told
        if "{project}" in path:
            assert asked(stranger, method, at) == 404, told
            assert asked(stranger, method, address(path, "no-such")) == 404, told


def test_a_token_ends_with_its_persons_role(team: Team, program: Programs) -> None:
    caller = program()
    assert caller.get("/studies").status_code == 200
    team.project.memberships.filter(user=team.eva).update(role=Role.REVIEWER)
    assert caller.get("/studies").status_code == 404
    team.project.memberships.filter(user=team.eva).delete()
    assert caller.get("/studies").status_code == 404


@pytest.mark.parametrize("end", ["revoked", "expired", "person"])
def test_a_token_that_has_ended_opens_nothing(team: Team, program: Programs, end: str) -> None:
    caller = program()
    token = ApiToken.objects.get()
    if end == "revoked":
        revoke_token(token=token, by=team.olga)
    elif end == "expired":
        ApiToken.objects.update(expires="2026-01-01T00:00:00Z")
    else:
        User.objects.filter(pk=team.eva.pk).update(is_active=False)
    refused = caller.get("/studies")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.heavy
def test_who_asks_anything_of_a_project_by_a_program_has_seen_its_results(team: Team) -> None:
    unnoted = []
    for number, (method, path, _) in enumerate(operations()):
        root = User.objects.create_superuser(f"root{number}")
        asked(secret_of(team, root, *Scope), method, address(path))
        if root.results_seen.filter(project=team.project).exists() != ("{project}" in path):
            unnoted.append(f"{method} {path}")
    assert unnoted == []


def test_a_cookie_opens_nothing(team: Team) -> None:
    assert team.signed_in(team.olga).get("/api/v1/projects").status_code == 401


def test_what_is_no_address_is_a_problem_too(program: Programs) -> None:
    answer = program().get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_document_and_the_reference_are_of_these_endpoints(client: Client) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference/rest-reference.md"
    assert page.read_text() == reference(document()), "`make openapi` writes it anew"
    served = client.get("/api/v1/schema")
    text = json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True)
    assert served.content.decode() == f"{text}\n", "`make openapi` writes it anew"

"""Every operation of the OpenAPI document × who asks × what they send, in the scene of the pages.

Nothing is an error of ours, nobody gets another project's data, and what is refused is a problem
that names the field.
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from evalhub.accounts.models import Project, Role, Scope, User
from evalhub.accounts.tokens import add_token
from evalhub.features.webhooks.registering import add_webhook
from evalhub.frames.rest import document as drawn_up
from evalhub.jobs.models import Job
from evalhub.registry.models import Study
from tests.cast import Team
from tests.e2e.test_access_matrix import NAMES, TEXTS, Scene, scene

__all__ = ["scene"]
pytestmark = pytest.mark.heavy

# It is drawn up in a second, and read here for each operation.
document = functools.cache(drawn_up.document)
PREFIX = "/api/v1/projects/{project}"
CLIENT = Client(raise_request_exception=False)
JSON = "application/json"
LARGE = b'{"notes": "' + b"x" * 10 * 1024**2 + b'"}'
ODD = {
    "empty": b"",
    "an empty object": b"{}",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"text"',
    "cut short": b'{"name": "a"',
    "two values": b"{}{}",
    "not UTF-8": b'{"name": "\xff"}',
    "a million deep": b"[" * 1_000_000,
    "objects too deep": b'{"name": ' * 100_000,
    "unknown field": b'{"no_such_field": 1}',
    "10 MB": LARGE,
}
WRONG = {
    "a number": 7,
    "true": True,
    "null": None,
    "a list": [[]],
    "an object": {"": {}},
    "NUL": "a\u0000b",
    "half a pair": "\ud800",
    "a huge number": 10**30,
    "a negative": -(2**63) - 1,
    "a fraction": 0.5,
    "a long text": "x" * 100_000,
    "deep": json.loads("[" * 200 + "]" * 200),
}
"""Values for each field of each body."""


@pytest.fixture
def ids(scene: Scene, team: Team) -> dict[str, object]:
    """What stands in an address, by the noun before it."""
    study = Study.objects.get(pk=scene.study)
    hook = add_webhook(project=team.project, by=None, url="https://ci.example.org/hook")
    job = Job.objects.create(
        project=team.project, by=team.olga, title="canary-job", address="/", sent={},
        fingerprint="0" * 64, token=team.project.tokens.all()[0],
    )  # fmt: skip
    return {
        "studies": study.slug,
        "decisions": scene.decision,
        "test-sets": "triage-task",
        "models": "triage-lora",
        "files": f"sha256:{'0' * 64}",
        "exports": "answers",
        "webhooks": hook.webhook.pk,
        "jobs": job.pk,
        "data-reports": scene.ids["data"],
        "items": scene.ids["item"],
        "number": 1,
        **{name: scene.ids[name] for name in (
            "runs", "campaigns", "working-sets", "score-audits", "members", "tokens"
        )},
    }  # fmt: skip


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, at in document()["paths"].items():
        for method, operation in at.items():
            if method in ("get", "post", "put", "patch", "delete") and path.startswith(PREFIX):
                yield method, path, operation


def address(path: str, ids: dict[str, object], project: str) -> str:
    found = path.replace("{project}", project)
    for noun, value in ids.items():
        found = re.sub(rf"(?<=/{noun}/)\{{(id|slug|name|what|item)\}}", str(value), found)
    return re.sub(r"\{\w+\}", "1", found)


def asked(secret: str, method: str, at: str, body: bytes, kind: str = JSON) -> Any:
    """The answer to one request, of which nothing stays."""
    headers = {"Idempotency-Key": "k", "If-Match": "*", "Upload-Offset": "0"}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    before = transaction.savepoint_create()
    answer: Any = CLIENT.generic(method.upper(), at, body, content_type=kind, headers=headers)
    answer.body = b"".join(answer) if answer.streaming else answer.content
    transaction.set_rollback(False)
    transaction.savepoint_rollback(before)
    return answer


def wrong_with(answer: Any) -> str:
    """What an answer is that it mustn't be; "" for a success or a whole problem."""
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{answer.status_code}"
    if answer.status_code < 400:
        return ""
    if answer.headers["Content-Type"] != "application/problem+json":
        return f"{answer.status_code} is no problem: {answer.headers['Content-Type']}"
    problem = json.loads(answer.body)
    if problem["status"] != answer.status_code or not problem["detail"]:
        return "a problem without its status or its sentence"
    if len(answer.body) > 3_000:
        return f"a problem of {len(answer.body)} bytes, which repeats what was sent"
    return ""


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The declared fields of a JSON body."""
    schemas = document()["components"]["schemas"]
    content = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if content is None:
        return {}
    reference = content["schema"].get("$ref", "").rpartition("/")[2]
    schema = schemas[reference] if reference else content["schema"]
    properties: dict[str, Any] = schema.get("properties", {})
    return properties


def token(project: Project, user: User, *scopes: str) -> str:
    usual = [scope for scope in Scope if scope is not Scope.ADMIN]
    name = f"{user} {project} {' '.join(scopes)}"
    held = scopes or usual
    return add_token(project=project, user=user, name=name, scopes=held, by=None).secret


def test_whatever_an_owner_sends_is_taken_or_refused_by_its_field(
    team: Team, ids: dict[str, object]
) -> None:
    secret, told, sent = token(team.project, team.olga, *Scope), [], 0
    for method, path, operation in operations():
        if method in ("get", "delete"):
            continue
        at, fields = address(path, ids, "support-desk"), body_of(operation)
        bodies = dict(ODD) | {
            f"{field}: {name}": json.dumps({field: value}).encode()
            for field in fields
            for name, value in WRONG.items()
        }
        for name, body in bodies.items():
            answer = asked(secret, method, at, body)
            sent += 1
            if problem := wrong_with(answer):
                told.append(f"{method} {path} {name}: {problem}")
            elif ": " in name and answer.status_code == 400:
                errors = json.loads(answer.body)["errors"]
                named = {re.split(r"[.\[]", flaw.get("field", ""))[0] for flaw in errors}
                if path.endswith("/copies"):  # whose errors name the copied file's fields too
                    named |= {"demands"} if named == {"test_sets"} else set()
                if not errors or not named & {*fields, "Idempotency-Key"}:
                    told.append(f"{method} {path} {name}: names {sorted(named)} alone")
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
            answer = asked(secret, method, at, b"{}", kind)
            if (problem := wrong_with(answer)) or (fields and answer.status_code not in (400, 415)):
                told.append(f"{method} {path} as {kind}: {answer.status_code} {problem}")
    assert "\n".join(told) == ""
    assert sent > 1_000


def test_each_role_and_token_gets_what_it_may_whatever_it_sends(
    team: Team, ids: dict[str, object], scene: Scene
) -> None:
    other = scene.people["another project's owner"]
    assert other is not None
    stranger = token(Project.objects.get(slug="others"), other, *Scope)
    secrets = {
        "anonymous": "",
        "a wrong token": "evh_" + "x" * 40,
        "a stranger": stranger,
        **{f"an evaluator for {scope}": token(team.project, team.eva, scope)
           for scope in Scope if scope is not Scope.ADMIN},
        "an owner": token(team.project, team.olga, *Scope),
    }  # fmt: skip
    lost = token(team.project, team.eva, Scope.READ, Scope.INGEST)
    told = []
    for method, path, operation in operations():
        needed = operation["security"][0]["token"][0]
        for body in (b"{}", b"[", b'{"name": "a\\u0000"}'):
            at = address(path, ids, "support-desk")
            for who, secret in secrets.items():
                answer = asked(secret, method, at, body)
                status, name = answer.status_code, f"{who} {method} {path} {body!r}"
                if problem := wrong_with(answer):
                    told.append(f"{name}: {problem}")
                expected = {
                    "anonymous": {401}, "a wrong token": {401}, "a stranger": {404},
                }.get(who)  # fmt: skip
                if expected is None and who.startswith("an evaluator") and needed not in who:
                    expected = {403}
                if expected is not None and status not in expected:
                    told.append(f"{name}: {status}")
                if expected is not None:
                    told += [f"{name}: {word}" for word in _learned(answer)]
            # the ids of one project below another one's address
            answer = asked(stranger, method, address(path, ids, "others"), body)
            told += [f"below another project, {method} {path}: {w}" for w in _learned(answer)]
            if problem := wrong_with(answer):
                told.append(f"below another project, {method} {path}: {problem}")
    team.project.memberships.filter(user=team.eva).update(role=Role.REVIEWER)
    for method, path, _ in operations():
        answer = asked(lost, method, address(path, ids, "support-desk"), b"{}")
        if answer.status_code not in (403, 404):
            told.append(f"a reviewer's old token {method} {path}: {answer.status_code}")
    assert "\n".join(told) == ""


def _learned(answer: Any) -> list[str]:
    body = answer.body.decode(errors="replace") + str(answer.headers)
    return [word for word in (*NAMES, *TEXTS, "canary-job") if word in body]

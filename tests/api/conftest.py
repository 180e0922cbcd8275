import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Scope, User
from evalhub.accounts.tokens import add_token
from tests.cast import Team

API = "/api/v1"


class Program:
    """Whoever calls the API with a token, as `curl` would."""

    def __init__(self, secret: str, project: str) -> None:
        self.secret, self.project, self._keys = secret, project, 0
        self.client = Client(
            headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False
        )

    def at(self, path: str) -> str:
        return f"{API}/projects/{self.project}{path}"

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(self.at(path), query)

    def post(self, path: str, body: Any = None, *, key: str = "", seen: str = "") -> Any:
        self._keys += 1
        return self.client.post(
            self.at(path),
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers={"Idempotency-Key": key or f"test-{self._keys}"}
            | ({"If-Match": seen} if seen else {}),
        )

    def edit(self, method: str, path: str, body: Any = None, *, seen: str | None = "*") -> Any:
        """Changes or takes away what was read with this ETag; None says nothing of it."""
        return self.client.generic(
            method,
            self.at(path),
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers={} if seen is None else {"If-Match": seen},
        )

    def send(self, method: str, path: str, body: bytes, **headers: str) -> Any:
        return self.client.generic(
            method,
            self.at(path),
            body,
            content_type="application/octet-stream",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> None:
    """Where this test's uploads lie."""
    settings.HOME = tmp_path


@pytest.fixture
def program(team: Team) -> Callable[..., Program]:
    """A program with a token of these scopes (all but admin), for Eva, who evaluates."""

    def made(*scopes: str, user: User | None = None) -> Program:
        person = user or team.eva
        usual = [each for each in Scope if each is not Scope.ADMIN]
        secret = add_token(
            project=team.project,
            user=person,
            name=f"of {person} for {' '.join(scopes) or 'all'}",
            scopes=scopes or usual,
            by=None,
        ).secret
        return Program(secret, team.project.slug)

    return made

"""The four doors of an act: its verb, REST, a page and the command line.

A door is tried by a person and has to refuse, with the right status or exit code and the sentence.
"""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Role, Scope, User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from tests.cast import Team


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something to try, as each door takes it; a door that is None hasn't it.

    `rest` is a method, an address below the project and a body; `page` an address and a form;
    `command` its words, to which `--by` and the person's name are added.
    """

    verb: Callable[[User], object]
    rest: tuple[str, str, Mapping[str, Any]] | None = None
    page: tuple[str, Mapping[str, Any]] | None = None
    command: Sequence[str] | None = None


@dataclass(frozen=True)
class Refusal:
    """`act` is refused to `by`, who reads `sentence` at each door; a 404 says nothing.

    `error` is what the verb raises, `status` REST's answer and `page_status` the page's: 200 where
    the page they came from shows the sentence.
    """

    act: str
    by: str
    sentence: str
    error: type[Exception] = NotAllowedError
    status: int = 403
    page_status: int = 403


@dataclass(frozen=True)
class Doors:
    """Every door, tried by members of this team with their tokens."""

    team: Team
    capsys: pytest.CaptureFixture[str]
    secrets: Mapping[str, str]

    def try_all(self, act: Act, refusal: Refusal) -> None:
        """Asserts that each door of the act refuses, with the sentence."""
        self.try_verb(act, refusal)
        if act.rest:
            self.try_rest(*act.rest, refusal)
        if act.page:
            self.try_page(*act.page, refusal)
        if act.command:
            self.try_command(act.command, refusal)

    def try_verb(self, act: Act, refusal: Refusal) -> None:
        with pytest.raises(refusal.error) as caught:
            act.verb(getattr(self.team, refusal.by))
        assert refusal.sentence in str(caught.value)

    def try_rest(
        self, method: str, address: str, body: Mapping[str, Any], refusal: Refusal
    ) -> None:
        client = Client(headers={"Authorization": f"Bearer {self.secrets[refusal.by]}"})
        answer: Any = client.generic(
            method,
            f"/api/v1/projects/{self.team.project.slug}{address}",
            json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": f"{refusal.act} by {refusal.by}"},
        )
        assert answer.status_code == refusal.status, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"
        if refusal.status != 404:
            assert refusal.sentence in answer.json()["detail"]

    def try_page(self, address: str, form: Mapping[str, Any], refusal: Refusal) -> None:
        client = self.team.signed_in(getattr(self.team, refusal.by))
        answer: Any = client.post(address, form, follow=True)
        assert answer.status_code == refusal.page_status, answer.text
        if refusal.page_status != 404 and refusal.status != 404:
            assert refusal.sentence in html.unescape(html.unescape(answer.text))

    def try_command(self, words: Sequence[str], refusal: Refusal) -> None:
        code = run([*words, "--by", refusal.by])
        printed = self.capsys.readouterr()
        assert (code, printed.out) == (64, ""), printed.err
        assert refusal.sentence in " ".join(printed.err.split())


def tokens(team: Team, *people: User) -> dict[str, str]:
    """Tokens with every scope, made while all owned the project: later roles take rights away."""
    secrets = {}
    for person in people:
        membership, created = team.project.memberships.get_or_create(user=person)
        role, membership.role = membership.role, Role.OWNER
        membership.save()
        name = f"of {person}"
        secrets[person.username] = add_token(
            project=team.project, user=person, name=name, scopes=list(Scope), by=None
        ).secret
        if created:
            membership.delete()
        else:
            membership.role = role
            membership.save()
    return secrets

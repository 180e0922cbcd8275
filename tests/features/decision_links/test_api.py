"""Links to a decision by REST and at the command line, for owners."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from evalhub.cli.app import run
from evalhub.features.decision_links.models import DecisionLink
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from tests.api.conftest import Program
from tests.cast import Team
from tests.site.cases import a_measured_study

Programs = Callable[..., Program]


@pytest.fixture
def decision(team: Team) -> Decision:
    return decide_study(study=a_measured_study(team))[0]


def test_a_link_is_made_listed_and_withdrawn(
    team: Team, program: Programs, client: Client, decision: Decision
) -> None:
    owner = program("admin", user=team.olga)
    made = owner.post(f"/decisions/{decision.pk}/links", {"days": 3})
    assert made.status_code == 201, made.content
    path = "/shared/" + made.json()["address"].partition("/shared/")[2]
    assert client.get(path).status_code == 200
    at = made.headers["Location"]
    shown = owner.client.get(at).json()
    assert (shown["decision"], shown["texts"], shown["by"]) == (decision.pk, False, "olga")
    assert "address" not in shown
    assert owner.get(f"/decisions/{decision.pk}/links").json()["results"] == [shown]
    assert owner.client.delete(at).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [({"days": 0}, 409), ({"days": 91}, 400), ({"texts": "yes"}, 400), ({"until": 3}, 400)],
)
def test_what_cannot_be_is_refused(
    team: Team, program: Programs, decision: Decision, body: dict[str, Any], status: int
) -> None:
    owner = program("admin", user=team.olga)
    assert owner.post(f"/decisions/{decision.pk}/links", body).status_code == status
    assert not DecisionLink.objects.exists()


def test_its_address_is_shown_once(team: Team, program: Programs, decision: Decision) -> None:
    owner = program("admin", user=team.olga)
    assert owner.post(f"/decisions/{decision.pk}/links", {}, key="one").status_code == 201
    assert owner.post(f"/decisions/{decision.pk}/links", {}, key="one").status_code == 409
    assert DecisionLink.objects.count() == 1


def test_commands_make_list_and_withdraw(
    team: Team, decision: Decision, shown: Callable[..., Any]
) -> None:
    of = ["--project", team.project.slug]
    number = str(decision.pk)
    assert run(["decision-link", "make", number, "--by", "eva", *of]) == 64
    made = shown("decision-link", "make", number, "--days", "3", "--by", "olga", *of)
    assert "/shared/" in made.pop("address")
    assert shown("decision-link", "list", *of) == [made]
    shown("decision-link", "withdraw", str(made["id"]), "--by", "olga", *of)
    assert shown("decision-link", "list", *of) == []
    assert run(["decision-link", "make", "999999", "--by", "olga", *of]) == 64

"""`evalhub promote` and the other moves of a version, and `history`, at a site."""

import json

import pytest
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Scope
from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from tests.cast import Team, a_version
from tests.client.conftest import a_token
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def decision(team: Team) -> Decision:
    base = a_version(team, "base")
    return decided(team, base, a_version(team, "tuned", parent=base), slug="first")


def test_a_champion_s_life_at_a_site(
    live_server: LiveServer,
    team: Team,
    decision: Decision,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.setenv("EVALHUB_TOKEN", a_token(team, Scope.READ, Scope.DECIDE))
    there = ["--project", "support-desk", "--server", live_server.url]

    def said(*words: str, code: int = 0) -> str:
        assert run([*words, *there]) == code, capsys.readouterr().err
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    number = str(decision.pk)
    said("promote", number, "--arm", "baseline", "--reason", "It runs.")
    promoted = said("promote", number, "--reason", "Better.")
    assert "tuned v1 is the champion of support-desk, in place of base v1, by dec" in promoted
    back = said("rollback", "tuned@1", "--reason", "Too slow.")
    assert "base v1 is the champion of support-desk, in place of tuned v1, again" in back
    assert said("rollback", "tuned@1", "--reason", "Too slow.") == back
    refused = said("rollback", "tuned@1", "--reason", "Down.", code=65)
    assert "tuned v1 was rolled back already, by eva" in refused
    assert "tuned v1 was brought back" in said("reopen", "tuned@1", "--reason", "Faster.")
    assert "tuned v1 was put in shadow" in said("shadow", "tuned@1", "--reason", "Mirrored.")
    assert "tuned v1 was retired" in said("retire", "tuned@1", "--reason", "No.")
    assert "Only an owner" in said("override", "tuned@1", "--reason", "Law.", code=64)
    rows = json.loads(said("history", "tuned", "--json"))
    assert [each["stage"] for each in rows] == [
        "retired",
        "shadow",
        "candidate",
        "retired",
        "champion",
    ]
    assert f"account {team.eva.pk}: No." in said("history", "tuned")
    assert run(["history", "tuned", "--project", "support-desk", "--json"]) == 0
    here = json.loads(capsys.readouterr().out)
    assert rows == [{key: row[key] for key in row if key != "who"} for row in here]

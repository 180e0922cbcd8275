"""A policy that was eased after a look holds a ship at a site, until an owner accepts it."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from evalhub.accounts.models import LogEntry
from evalhub.ledger.models import Acceptance, Decision
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, study
from tests.api.test_studies import upload, worked_on
from tests.cast import Team

Programs = Callable[..., Program]
pytestmark = pytest.mark.django_db
WORDS = "policy eased after the look: sums must gain more than 0 (was 0.9)"
REASON = "Half of it is worth as much."


@pytest.fixture
def held(program: Programs) -> Program:
    """Eva's program; her study asked for a gain of .9, gained half, and asks for none now."""
    caller = program()
    upload(caller, ITEMS, HALF, RIGHT)
    asked = study(tuned=RIGHT)
    asked["test_sets"]["sums"]["min_gain"] = 0.9
    assert caller.post("/studies", asked).status_code == 202
    worked_on()
    assert Decision.objects.get().verdict == "hold"
    weak = {"sums": {"role": "primary", "min_gain": 0.0}}
    assert caller.post("/studies/sums/policy", {"demands": weak}).status_code == 200
    assert caller.post("/studies/sums/decisions").status_code in (200, 201)
    return caller


def newest() -> Decision:
    found: Decision = Decision.objects.newest_first()[0]
    return found


def test_the_gate_and_every_list_say_why_it_is_held(held: Program) -> None:
    assert newest().verdict == "hold"
    gate = held.get("/studies/sums/gate")
    assert gate.status_code == 412
    assert WORDS in gate.json()["detail"]
    one = held.get(f"/decisions/{newest().pk}").json()
    assert one["headline"].startswith(f"Held: {WORDS}.")
    assert one["record"]["caveats"][0]["code"] == "policy-eased"
    assert WORDS in held.get("/decisions").json()["results"][0]["headline"]


def test_only_an_owner_accepts_it_and_the_gate_lets_it_through_with_its_note(
    held: Program, program: Programs, team: Team
) -> None:
    path = f"/decisions/{newest().pk}/acceptance"
    refused = held.post(path, {"reason": REASON})
    assert (refused.status_code, Acceptance.objects.count()) == (403, 0)
    overridden = f"/decisions/{newest().pk}/sign-offs"
    assert held.post(overridden, {"reason": "Ship.", "verdict": "ship"}).status_code == 403
    olga = program(user=team.olga)
    assert olga.post(path, {"reason": " "}).status_code == 400
    accepted = olga.post(path, {"reason": REASON})
    assert accepted.status_code == 201, accepted.content
    now = accepted.json()
    assert now["verdict"] == "ship"
    assert now["record"]["caveats"][0]["accepted"] == REASON
    gate = held.get("/studies/sums/gate")
    assert gate.status_code == 200
    assert f"{WORDS} (accepted)" in str(gate.json())
    entry = LogEntry.objects.get(action="accepted")
    assert (entry.by, entry.project) == (team.olga, team.project)
    assert (Acceptance.objects.get().by, Acceptance.objects.get().reason) == (team.olga, REASON)
    again = olga.post(f"/decisions/{now['id']}/acceptance", {"reason": REASON})
    assert again.status_code == 409
    assert "nothing holds decision" in again.json()["detail"]


def test_its_page_has_a_form_for_it_that_an_owner_may_send(held: Program, team: Team) -> None:
    owner, other = team.signed_in(team.olga), team.signed_in(team.eva)
    record = reverse("site:record", args=[newest().pk])
    study_page = reverse("site:study", args=[newest().study_id]) + "?tab=evidence"
    action = reverse("site:accept", args=[newest().pk])
    for page in (record, study_page):
        shown = owner.get(page).text
        assert WORDS in shown
        assert f'action="{action}"' in shown
    assert other.post(action, {"reason": REASON}).status_code == 403
    assert "give a reason" in owner.post(action, {"reason": ""}, follow=True).text
    done = owner.post(action, {"reason": REASON}, follow=True)
    assert "Accepted, and decided again" in done.text
    assert f"{WORDS} (accepted)" in done.text
    assert urlsplit(done.redirect_chain[-1][0]).path == reverse("site:record", args=[newest().pk])
    assert f'action="{action}"' not in done.text

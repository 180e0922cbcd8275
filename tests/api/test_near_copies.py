"""At a site an owner says that items are new which are near-copies of items looked at."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from evalhub.ledger.models import Acceptance, Decision
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, digest, rows, study
from tests.api.test_studies import upload, worked_on
from tests.cast import Team

Programs = Callable[..., Program]
pytestmark = pytest.mark.django_db
COPIED = rows(60, input=lambda i: f"Please: {i} + 1?", reference=lambda i: str(i + 1))
WORDS = "near-copies of items looked at: 100% of sums"
REASON = "A teacher wrote them again."


@pytest.fixture
def held(program: Programs) -> Program:
    """Eva's program; one study shipped on the sums, and another asks the same with a word more."""
    caller = program()
    upload(caller, ITEMS, COPIED, HALF, RIGHT)
    first, second = study(), study() | {"slug": "again", "name": "Again"}
    assert caller.post("/studies", first).status_code == 202
    worked_on()
    assert Decision.objects.get().verdict == "ship"
    second["test_sets"]["sums"]["file"] = digest(COPIED)
    assert caller.post("/studies", second).status_code == 202
    worked_on()
    return caller


def newest() -> Decision:
    found: Decision = Decision.objects.newest_first()[0]
    return found


def test_the_gate_holds_until_an_owner_says_so(
    held: Program, program: Programs, team: Team
) -> None:
    assert newest().verdict == "hold"
    gate = held.get("/studies/again/gate")
    assert gate.status_code == 412
    assert WORDS in gate.json()["detail"]
    path = f"/decisions/{newest().pk}/acceptance"
    assert (held.post(path, {"reason": REASON}).status_code, Acceptance.objects.count()) == (403, 0)
    accepted = program(user=team.olga).post(path, {"reason": REASON})
    assert accepted.status_code == 201, accepted.content
    assert accepted.json()["verdict"] == "ship"
    assert accepted.json()["record"]["caveats"][0]["accepted"] == REASON
    assert held.get("/studies/again/gate").status_code == 200


def test_its_page_says_it_with_the_evidence_and_takes_the_reason(held: Program, team: Team) -> None:
    owner = team.signed_in(team.olga)
    shown = owner.get(reverse("site:record", args=[newest().pk])).text
    assert WORDS in shown
    assert "60 of the 60 items of sums are near-copies of items that were looked at" in shown
    action = reverse("site:accept", args=[newest().pk])
    done = owner.post(action, {"reason": REASON}, follow=True)
    assert f"{WORDS} (accepted as new)" in done.text
    assert newest().verdict == "ship"

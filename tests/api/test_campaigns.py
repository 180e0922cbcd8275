"""Reviews by REST: opened, followed, closed; nobody reads one that goes on."""

from collections.abc import Callable

import pytest

from reviews.models import Campaign
from tests.api.conftest import Program
from tests.api.test_gate import handed_in
from tests.cast import Team
from tests.reviews.judged import judge_all

Programs = Callable[..., Program]
ASKED = {
    "study": "sums",
    "test_set": "sums",
    "plan": {"items": 5, "reviewers_per_item": 1, "question": "Which is right?"},
}


@pytest.fixture
def owner(program: Programs, team: Team) -> Program:
    caller = program(user=team.olga)
    handed_in(caller)
    return caller


def test_a_review_is_opened_over_a_study_s_answers(owner: Program) -> None:
    made = owner.post("/campaigns", ASKED)
    assert made.status_code == 201, made.content
    assert made.json()["planned"] == 5
    assert made.json()["judgments"] == 0
    assert owner.post("/campaigns", ASKED).json()["id"] == made.json()["id"], "the same plan"
    listed = owner.get("/campaigns").json()["results"]
    assert [each["id"] for each in listed] == [made.json()["id"]]


def test_one_that_goes_on_shows_nothing_of_what_was_said(owner: Program) -> None:
    number = owner.post("/campaigns", ASKED).json()["id"]
    for path in (f"/campaigns/{number}/results", f"/exports/judgments?review={number}"):
        refused = owner.client.get(owner.at(path))
        assert refused.status_code == 409
        assert refused.headers["Content-Type"] == "application/problem+json"


def test_one_that_has_ended_is_read(owner: Program) -> None:
    number = owner.post("/campaigns", ASKED).json()["id"]
    judge_all(Campaign.objects.get(), {"rui": lambda _: "candidate"})
    found = owner.get(f"/campaigns/{number}/results").json()
    assert (found["judgments"], found["planned"]) == (5, 5)
    assert found["preference"]["wins"] == 5
    assert "Blind review" in found["text"]
    asked = {"review": number, "pseudonyms": "1"}
    lines = b"".join(owner.get("/exports/judgments", **asked)).splitlines()
    assert len(lines) == 5
    assert b'"r1"' in lines[0]
    assert owner.get(f"/campaigns/{number}").json()["ended"]


def test_it_is_paused_resumed_and_closed(owner: Program) -> None:
    number = owner.post("/campaigns", ASKED).json()["id"]
    states = [
        owner.post(f"/campaigns/{number}", {"verb": verb}).json()["state"]
        for verb in ("pause", "resume", "close")
    ]
    assert states == ["paused", "open", "closed"]
    assert owner.post(f"/campaigns/{number}", {"verb": "resume"}).status_code == 409


def test_people_are_invited(owner: Program) -> None:
    number = owner.post("/campaigns", ASKED).json()["id"]
    made = owner.post(f"/campaigns/{number}/invitations", {"whom": "nora@example.org"})
    assert made.status_code == 201
    assert "/reviews/join/" in made.json()["link"]
    refused = owner.post(f"/campaigns/{number}/invitations", {"whom": "no address"})
    assert refused.status_code == 409


def test_what_can_t_be_asked_is_said(owner: Program) -> None:
    for asked, field in (
        (ASKED | {"study": "none"}, "study"),
        (ASKED | {"plan": {"items": 0}}, "plan.items"),
    ):
        refused = owner.post("/campaigns", asked)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == field
    assert not Campaign.objects.exists()


def test_a_decision_s_candidate_is_promoted_and_signed(owner: Program) -> None:
    (decision,) = owner.get("/decisions").json()["results"]
    at = f"/decisions/{decision['id']}"
    assert owner.get("/champion").status_code == 404
    promoted = owner.post(f"{at}/promotion", {"reason": "The first", "arm": "baseline"})
    assert promoted.status_code == 201, promoted.content
    assert owner.get("/champion").json()["version"].endswith("/models/base/versions/1")
    signed = owner.post(f"{at}/sign-offs", {"reason": "We have looked at it"})
    assert signed.json()["action"] == "signed-off"
    assert len(owner.get(f"{at}/sign-offs").json()["results"]) == 1
    flips = owner.get(f"{at}/flips").json()["flips"]
    assert {each["outcome"] for each in flips} == {"won"}
    assert flips[0]["sides"][1]["score"] == 1.0

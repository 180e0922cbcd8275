"""Champions by REST: promoted, rolled back, by an override; the same again is the same."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.ledger.models import Promotion, StageMove
from evalhub.registry.models import ModelVersion
from tests.api.conftest import Program, home  # noqa: F401 (a fixture)
from tests.api.test_gate import handed_in
from tests.cast import Team, a_version

Programs = Callable[..., Program]


@pytest.fixture
def owner(program: Programs, team: Team) -> Program:
    """With a study that ships, whose baseline is champion and after it its candidate."""
    caller = program(user=team.olga)
    handed_in(caller)
    for arm in ("baseline", "candidate"):
        promoted = caller.post(promotion(caller), {"reason": f"The {arm}.", "arm": arm})
        assert promoted.status_code == 201, promoted.content
    return caller


def promotion(caller: Program) -> str:
    (decision,) = caller.get("/decisions").json()["results"]
    return f"/decisions/{decision['id']}/promotion"


def refusal(answer: Any, status: int = 409) -> str:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_the_champion_is_told_with_what_it_took_the_place_of(owner: Program, team: Team) -> None:
    found = owner.get("/champion").json()
    assert (found["name"], found["how"], found["before"]) == ("tuned v1", "promoted", "base v1")
    assert (found["project"], found["by"]) == ("support-desk", team.olga.pk)
    assert owner.client.get(found["version"]).json()["stage"] == "champion"
    assert owner.get("/models/base/versions/1").json()["stage"] == "retired"


def test_a_rollback_is_the_same_however_often_it_is_sent(owner: Program) -> None:
    at, asked = "/models/tuned/versions/1/rollback", {"reason": "Too slow."}
    first = owner.post(at, asked)
    assert first.status_code == 201, first.content
    assert (first.json()["name"], first.json()["how"]) == ("base v1", "rolled-back")
    assert owner.post(at, asked).json() == first.json(), "by a key of its own"
    assert owner.get("/champion").json() == first.json()
    assert "tuned v1 was rolled back already" in refusal(owner.post(at, {"reason": "Down."}))
    assert Promotion.objects.count() == 3


def test_what_answers_a_rollback_has_an_etag_and_is_not_sent_twice(owner: Program) -> None:
    before = owner.get("/champion")
    tag = {"If-None-Match": before.headers["ETag"]}
    assert owner.client.get(owner.at("/champion"), headers=tag).status_code == 304
    owner.post("/models/tuned/versions/1/rollback", {"reason": "Too slow."})
    assert owner.client.get(owner.at("/champion"), headers=tag).status_code == 200


def test_one_goes_back_to_a_version_by_its_name(owner: Program) -> None:
    at = "/models/tuned/versions/1/rollback"
    missing = owner.post(at, {"reason": "Down.", "to": {"model": "base", "number": 7}})
    assert "there is no base v7 here" in refusal(missing, 400)
    assert missing.json()["errors"][0]["field"] == "to"
    named = owner.post(at, {"reason": "Down.", "to": {"model": "base", "number": 1}})
    assert named.json()["name"] == "base v1"
    nameless = owner.post(at, {"reason": ""})
    assert nameless.json()["errors"][0]["field"] == "reason"


def test_an_override_says_that_no_decision_made_it_so(owner: Program, team: Team) -> None:
    a_version(team, "other")
    at, asked = "/models/other/versions/1/override", {"reason": "The law."}
    made = owner.post(at, asked)
    assert made.status_code == 201, made.content
    assert (made.json()["how"], made.json()["decision"]) == ("overridden", None)
    assert owner.post(at, asked).json() == made.json()
    newest = owner.get("/models/other/history").json()["results"][0]
    assert (newest["override"], newest["said"]) == (True, "became the champion, by an override")


def test_a_candidate_is_given_up_and_brought_back(owner: Program, team: Team) -> None:
    a_version(team, "other")
    gone = owner.post("/models/other/versions/1/retire", {"reason": "Licence."})
    assert (gone.status_code, gone.json()["stage"]) == (201, "retired")
    again = owner.post("/models/other/versions/1/retire", {"reason": "Licence."})
    assert again.json() == gone.json()
    back = owner.post("/models/other/versions/1/reopen", {"reason": "It goes on."})
    assert (back.json()["was"], back.json()["stage"]) == ("retired", "candidate")


def test_a_candidate_is_put_in_shadow_and_taken_out_of_it(owner: Program, team: Team) -> None:
    a_version(team, "other")
    at = "/models/other/versions/1"
    move = owner.post(f"{at}/shadow", {"reason": "Mirrored."})
    assert (move.status_code, move.json()["stage"], move.json()["override"]) == (
        201,
        "shadow",
        False,
    )
    assert owner.post(f"{at}/shadow", {"reason": "Mirrored."}).json() == move.json()
    back = owner.post(f"{at}/reopen", {"reason": "The mirror is off."}).json()
    assert (back["was"], back["stage"], back["override"]) == ("shadow", "candidate", False)
    assert back["said"] == "left the shadow: a candidate again"


def test_a_model_s_history_comes_by_pages_the_newest_first(owner: Program) -> None:
    owner.post("/models/tuned/versions/1/rollback", {"reason": "Too slow."})
    found = owner.get("/models/base/history", page_size=2).json()
    assert [each["said"] for each in found["results"]] == [
        "became the champion again, by a rollback",
        "made way for tuned v1",
    ]
    last = owner.client.get(found["next"]).json()["results"]
    assert [each["said"] for each in last] == ["became the champion"]
    assert owner.get("/models/nothing/history").status_code == 404


def test_other_projects_scopes_and_roles_move_nothing(
    owner: Program, program: Programs, team: Team
) -> None:
    moves = StageMove.objects.count()
    reader = program("read", user=team.olga)
    for verb in ("rollback", "override", "retire", "reopen", "shadow"):
        at = f"/models/tuned/versions/1/{verb}"
        refusal(reader.post(at, {"reason": "Down."}), 403)
        assert owner.post(at.replace("tuned", "gone"), {"reason": "x"}).status_code == 404
        assert owner.client.get(owner.at(at)).status_code == 405
    assert StageMove.objects.count() == moves
    assert ModelVersion.objects.get(model__slug="tuned").stage == "champion"

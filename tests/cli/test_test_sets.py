"""Test sets are retired at each door; a study that asks a retired one is refused at its start."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.io.rows import DataError
from evalhub.registry.models import Study, TestSetRetirement, TestSetVersion
from tests.api.conftest import Program, program  # noqa: F401 (a fixture)
from tests.cast import Team, a_team, a_test_set, given_up
from tests.studies.desks import Desk, registered

pytestmark = pytest.mark.django_db
OF = ["--project", "support-desk"]
RETIRE = ["test-set", "retire", "questions", *OF, "--version", "1", "--reason", "Trained on."]
type Printed = pytest.CaptureFixture[str]


def test_a_command_retires_a_version_and_lists_them(team: Team, capsys: Printed) -> None:
    for items in (3, 4):
        a_test_set(team, items=items)
    assert run([*RETIRE, "--by", "olga"]) == 0
    assert capsys.readouterr().out.startswith("questions v1  3 items, retired on 20")
    assert TestSetRetirement.objects.get().by == team.olga
    assert run(["test-set", "versions", "questions", *OF]) == 0
    newest, retired = capsys.readouterr().out.splitlines()
    assert (newest, retired[-11:]) == ("questions v2  4 items", "Trained on.")
    assert run(["test-set", "versions", "questions", *OF, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["retired"] and row["retired"]["reason"] for row in rows] == [None, "Trained on."]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["versions", "others", *OF], "has no test set 'others' (test sets: questions)"),
        (["retire", "questions", *OF, "--version", "9", "--reason", "x"], "has no version 9"),
    ],
)
def test_what_is_not_there_is_named(
    team: Team, capsys: Printed, words: list[str], message: str
) -> None:
    a_test_set(team)
    assert run(["test-set", *words]) == 64
    assert message in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_rest_retires_a_version_for_an_owner(
    team: Team,
    program: Callable[..., Program],  # noqa: F811 (the fixture)
) -> None:
    a_test_set(team)
    owner = program(user=team.olga)
    assert owner.get("/test-sets/questions/versions/1").json()["retired"] is None
    answer = owner.post("/test-sets/questions/versions/1/retire", {"reason": "Trained on."})
    assert (answer.status_code, answer.json()["retired"]["by"]) == (201, team.olga.pk)
    refused = program().post("/test-sets/questions/versions/1/retire", {"reason": "Again."})
    assert refused.status_code == 403
    assert owner.get("/test-sets/questions/versions/1").json()["retired"]["reason"] == "Trained on."


def test_the_page_asks_an_owner_whether_they_are_sure(team: Team) -> None:
    version = a_test_set(team)
    page, address = (
        f"/test-sets/{version.test_set_id}/",
        f"/test-sets/{version.test_set_id}/retire/",
    )
    olga, eva = team.signed_in(team.olga), team.signed_in(team.eva)
    assert "Retire v1" in olga.get(page).content.decode()
    assert "Retire v1" not in eva.get(page).content.decode()
    form = {"version": "1", "reason": "Trained on."}
    assert "tick that you are sure" in olga.post(address, form, follow=True).content.decode()
    assert not TestSetRetirement.objects.exists()
    shown = olga.post(address, form | {"sure": "on"}, follow=True).content.decode()
    assert "questions v1 is retired: nothing is judged on it any more." in shown
    assert "<dt>Retired</dt>" in shown
    assert "Retire v1" not in shown


def test_a_study_on_a_retired_version_is_refused_at_its_start(tmp_path: Path) -> None:
    desk, team = Desk(tmp_path), a_team("Desk", "desk")
    given_up(a_test_set(team, "old", items=[{"input": f"Question {i}?"} for i in range(60)]))
    with pytest.raises(DataError) as refused:
        registered(desk)
    assert str(refused.value).endswith(
        "60 items of triage v1 ('q0', 'q1', 'q2', …) had been released for training, by a retired "
        "test set, when the version was made: make one without them"
    )
    assert not Study.objects.exists()
    assert not TestSetVersion.objects.filter(test_set__slug="triage").exists()


def test_a_retired_version_may_still_be_read_on(tmp_path: Path) -> None:
    """As a development set, on which nothing is judged."""
    desk, team = Desk(tmp_path), a_team("Desk", "desk")
    desk.rows(
        "sums.jsonl",
        ({"id": f"q{i}", "input": f"Sum {i}?", "reference": "right"} for i in range(300)),
    )
    given_up(a_test_set(team, "old", items=[{"input": f"Sum {i}?"} for i in range(300)]))
    desk.study["test_sets"]["sums"]["role"] = "development"
    assert registered(desk).test_sets.count() == 2

"""Monitors and alarms by REST."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Scope
from evalhub.features.monitoring.models import Monitor
from tests.api.conftest import Program, home, program
from tests.cast import Team
from tests.features.monitoring.monitors_of import a_notice, a_watched_project

__all__ = ["home", "program"]
pytestmark = pytest.mark.django_db
Programs = Callable[..., Program]
PLAN = {"of": "operations", "measures": [{"metric": "errors", "margin": 0.01}]}


@pytest.fixture
def evaluator(program: Programs, team: Team) -> Program:
    return program(user=team.eva)


def refusal(answer: Any, status: int = 409) -> str:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_one_is_added_followed_and_ended(evaluator: Program) -> None:
    body = {"plan": PLAN, "false_alarms_a_year": 1.5, "owner": "olga"}
    answer = evaluator.post("/monitors", body)
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["of"], row["owner"], row["looked"], row["streams"]) == (
        "operations", "olga", None, [],
    )  # fmt: skip
    pk = row["id"]
    assert evaluator.get("/monitoring").json() == {
        "false_alarms_a_year": 4.0,
        "left": 2.5,
        "shares": [{"monitor": pk, "of": "operations", "false_alarms_a_year": 1.5}],
    }
    Monitor.objects.update(due=timezone.now() + timedelta(hours=9))
    assert evaluator.post(f"/monitors/{pk}/looks", {}).status_code == 201
    assert Monitor.objects.get().due <= timezone.now()
    for _ in range(2):
        assert evaluator.post(f"/monitors/{pk}/end", {}).json()["why"] == "by somebody's word"
    assert "has ended" in refusal(evaluator.post(f"/monitors/{pk}/looks", {}))
    assert evaluator.get("/monitors?running=true").json()["results"] == []
    assert [each["id"] for each in evaluator.get("/monitors").json()["results"]] == [pk]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"plan": PLAN, "false_alarms_a_year": 5}, 409, "4 of them are left"),
        ({"plan": PLAN, "owner": "rui"}, 409, "nobody who is called 'rui'"),
        ({"plan": PLAN, "owner": "sam"}, 409, "nobody who is called 'sam'"),
        ({"plan": {"of": "moods"}}, 400, "plan"),
        ({"plan": {"of": "inputs", "slow_ms": 3}}, 400, "slow_ms"),
        ({"plan": PLAN, "false_alarms_a_year": 0}, 400, "false_alarms_a_year"),
        ({"plan": {"of": "answers", "test_set": "triage"}}, 409, "has no champion"),
    ],
)
def test_what_can_t_be_is_refused(
    evaluator: Program, body: dict[str, Any], status: int, words: str
) -> None:
    assert words in refusal(evaluator.post("/monitors", body), status)
    assert not Monitor.objects.exists()


def test_an_alarm_is_acted_on_until_it_is_resolved(evaluator: Program, team: Team) -> None:
    monitor, alarm = a_watched_project(team)
    a_notice(monitor)
    row = evaluator.get(f"/monitors/{monitor.pk}").json()
    assert (row["open_alarms"], row["notices"][0]["kind"]) == (1, "no-traffic")
    assert row["streams"][0]["days"][0]["users"] == 400
    path = f"/alarms/{alarm.pk}"
    assert evaluator.get(path).json()["state"] == "open"
    assert evaluator.post(f"{path}/acknowledge", {}).json()["acknowledged_by"] == team.eva.pk
    assert evaluator.post(f"{path}/assign", {"owner": "olga"}).json()["owner"] == "olga"
    assert evaluator.post(f"{path}/assign", {"owner": None}).json()["owner"] is None
    until = (timezone.now() + timedelta(days=7)).isoformat()
    snooze = {"until": until, "reason": "A launch."}
    assert evaluator.post(f"{path}/snooze", snooze).json()["state"] == "snoozed"
    late = {"until": "2020-01-01T00:00:00Z", "reason": "Late."}
    assert "a time after now" in refusal(evaluator.post(f"{path}/snooze", late))
    resolve = {"resolution": "mended", "reason": "The cache is back."}
    for _ in range(2):
        assert evaluator.post(f"{path}/resolve", resolve).json()["resolution"] == "mended"
    other = {"resolution": "meant", "reason": "No."}
    assert "it was resolved on" in refusal(evaluator.post(f"{path}/resolve", other))
    assert evaluator.get("/alarms?open=true").json()["results"] == []
    assert len(evaluator.get("/alarms").json()["results"]) == 1


def test_the_same_request_again_is_the_same_answer(evaluator: Program) -> None:
    answers = [evaluator.post("/monitors", {"plan": PLAN}, key="one").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert Monitor.objects.count() == 1


def test_owners_set_the_total(program: Programs, evaluator: Program, team: Team) -> None:
    body = {"false_alarms_a_year": 9}
    assert "Only an owner" in refusal(evaluator.post("/monitoring", body), 403)
    assert program(user=team.olga).post("/monitoring", body).json()["left"] == 9


def test_a_token_that_only_reads_changes_nothing(program: Programs, team: Team) -> None:
    monitor, alarm = a_watched_project(team)
    reader = program(Scope.READ)
    for path in (
        "/monitors", f"/monitors/{monitor.pk}/end", f"/monitors/{monitor.pk}/looks",
        f"/alarms/{alarm.pk}/acknowledge", f"/alarms/{alarm.pk}/resolve", "/monitoring",
    ):  # fmt: skip
        assert reader.post(path, {}).status_code == 403, path

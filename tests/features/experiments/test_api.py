"""Experiments by REST: planned, started, followed and ended; the same again is the same."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.features.experiments.following import follow
from evalhub.features.experiments.models import Experiment
from tests.api.conftest import Program, home, program
from tests.cast import Team, a_version
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    CHAMPION,
    a_pair,
    a_plan,
    an_experiment,
    visits,
)
from tests.features.experiments.followed import a_followed_experiment
from tests.features.lifecycle.test_promotion import decided

__all__ = ["home", "program"]
pytestmark = pytest.mark.django_db
Programs = Callable[..., Program]
GAIN = {"metric": "errors", "planned_gain": 1}


def body(**fields: Any) -> dict[str, Any]:
    """An experiment to start."""
    return {
        "name": "Shorter answers",
        "challenger": "lora@1",
        "challenger_name": CHALLENGER,
        "champion_name": CHAMPION,
        "plan": a_plan().as_json(),
        "reason": "It is shorter.",
    } | fields


@pytest.fixture
def owner(program: Programs, team: Team) -> Program:
    """With a champion and its challenger."""
    a_pair(team)
    return program(user=team.olga)


def refusal(answer: Any, status: int = 409) -> str:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_one_is_started_and_told_with_its_steps(owner: Program, team: Team) -> None:
    answer = owner.post("/experiments", body(share=0.05))
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["champion"], row["challenger"]) == ("base@1", "lora@1")
    assert (row["state"], row["share"], row["decision"]) == ("running", 0.05, None)
    assert (row["users"], row["verdict"], row["read"]) == (None, None, None)
    assert [step["share"] for step in row["steps"]] == [0.05]
    assert row["plan"]["planned_users"] == 1_000
    assert owner.client.get(row["url"]).json() == row
    (listed,) = owner.get("/experiments").json()["results"]
    assert listed == {name: row[name] for name in listed}
    assert "is running since" in refusal(owner.post("/experiments", body(name="Again")))


def test_it_rests_on_the_decision_that_is_named(program: Programs, team: Team) -> None:
    champion, challenger = a_pair(team)
    evaluator = program(user=team.eva)
    assert "Only an owner of support-desk can start an experiment" in refusal(
        evaluator.post("/experiments", body()), 403
    )
    decision = decided(team, champion, challenger, slug="offline")
    missing = evaluator.post("/experiments", body(decision=decision.pk + 1))
    assert missing.json()["errors"][0]["field"] == "decision"
    row = evaluator.post("/experiments", body(decision=decision.pk)).json()
    assert (row["decision"], row["by"]) == (decision.pk, team.eva.pk)


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"challenger": "lora@9"}, 400, "challenger"),
        ({"challenger": "base@1"}, 409, "challenger"),
        ({"challenger_name": CHAMPION}, 409, "challenger_name"),
        ({"challenger_name": ""}, 409, "challenger_name"),
        ({"flag": "a flag"}, 409, "flag"),
        ({"name": " "}, 409, "name"),
        ({"share": 1.5}, 409, "share"),
        ({"share": -1}, 409, "share"),
        ({"share": 1e400}, 400, "share"),
        ({"reason": ""}, 400, "reason"),
        ({"plan": {}}, 400, "plan.primary"),
        (
            {"plan": {"primary": {"metric": "beauty", "planned_gain": 1}}},
            400,
            "plan.primary.metric",
        ),
        ({"plan": {"primary": {"metric": "errors", "planned_gain": 1}}}, 400, "plan.planned_users"),
        ({"decision": 0}, 400, "decision"),
        ({"weight": 0.5}, 400, "weight"),
    ],
)
def test_what_cannot_be_started_names_its_field(
    owner: Program, fields: dict[str, Any], status: int, field: str
) -> None:
    answer = owner.post("/experiments", body(**fields))
    assert answer.status_code == status, answer.content
    assert answer.json()["errors"][0]["field"] == field
    assert not Experiment.objects.exists()


def test_a_plan_s_power_is_told_and_nothing_is_stored(program: Programs, team: Team) -> None:
    reader = program("read")
    silent = reader.post("/experiments/plans", {"plan": a_plan().as_json()}).json()
    assert (silent["users_a_day"], silent["primary"]["users"]) == (None, None)
    assert silent["primary"]["traffic"]["problem"] == "no request of these days names a user"
    experiment = an_experiment(team)
    yesterday = timezone.now() - timedelta(days=1)
    visits(team, experiment, 120, time=yesterday, failing={"champion": 4, "challenger": 4})
    plan = {"primary": {"metric": "errors", "planned_gain": 0.05}}
    told = reader.post("/experiments/plans", {"plan": plan}).json()
    assert told["planned_users"] == told["primary"]["users"] > 100
    assert told["users_a_day"] == 120
    assert Experiment.objects.count() == 1


def test_it_is_ramped_and_dealt_anew(owner: Program) -> None:
    pk = owner.post("/experiments", body(share=0.01)).json()["id"]
    asked = {"share": 0.05, "reason": "It is quiet.", "instead_of": 0.01}
    step = owner.post(f"/experiments/{pk}/share", asked)
    assert step.status_code == 201, step.content
    assert (step.json()["share"], step.json()["epoch"]) == (0.05, 1)
    again = owner.post(f"/experiments/{pk}/share", asked | {"instead_of": None})
    assert again.json() == step.json(), "by a key of its own"
    epoch = owner.post(f"/experiments/{pk}/epochs", {"reason": "Smaller.", "weight": 0.2})
    assert (epoch.json()["epoch"], epoch.json()["weight"]) == (2, 0.2)
    answer = owner.post(f"/experiments/{pk}/share", {"share": 0.3, "reason": "More."})
    assert "at most 0.2 (20%), its weight in this epoch" in refusal(answer)
    assert answer.json()["errors"][0]["field"] == "share"


@pytest.mark.parametrize(("verb", "state"), [("stop", "stopped"), ("rollback", "rolled-back")])
def test_any_evaluator_ends_it_once(program: Programs, team: Team, verb: str, state: str) -> None:
    experiment = an_experiment(team)
    evaluator, reader = program(user=team.eva), program("read")
    at, asked = f"/experiments/{experiment.pk}/{verb}", {"reason": "Tickets came in."}
    assert "needs the scope decide" in refusal(reader.post(at, asked), 403)
    first = evaluator.post(at, asked)
    assert first.status_code == 201, first.content
    row = first.json()
    assert (row["state"], row["share"], row["ended_by"]) == (state, 0, team.eva.pk)
    assert evaluator.post(at, asked).json() == row, "by a key of its own"
    assert "was " in refusal(evaluator.post(at, {"reason": "Another."}))


def test_its_challenger_is_promoted(program: Programs, team: Team) -> None:
    champion, challenger = a_pair(team)
    decision = decided(team, champion, challenger, slug="offline")
    experiment = an_experiment(team, challenger=challenger)
    caller = program(user=team.eva)
    made = caller.post(f"/experiments/{experiment.pk}/promotion", {"reason": "It holds."})
    assert made.status_code == 201, made.content
    assert (made.json()["name"], made.json()["decision"]) == ("lora v1", decision.pk)
    assert caller.get(f"/experiments/{experiment.pk}").json()["state"] == "promoted"


def test_readings_are_the_sequence_over_time(program: Programs, team: Team) -> None:
    experiment = a_followed_experiment(team, days=12)
    caller = program("read")
    row = caller.get(f"/experiments/{experiment.pk}").json()
    readings = caller.get(f"/experiments/{experiment.pk}/readings").json()["results"]
    assert len(readings) == 12
    newest = readings[0]
    assert (newest["users"], newest["verdict"]) == (row["users"], row["verdict"])
    assert newest["points"]["errors"]["bound"] == -0.01
    assert len(row["decisions"]) == experiment.study.decisions.count()


def test_what_is_followed_is_told(program: Programs, team: Team) -> None:
    experiment = an_experiment(team)
    visits(team, experiment, 20, time=timezone.now())
    follow(experiment)
    row = program("read").get(f"/experiments/{experiment.pk}").json()
    assert row["users"] == 20
    assert row["verdict"] == "need-more-data"
    assert row["last_exposure"] is not None


def test_of_another_project_s_nothing_is_to_be_seen(program: Programs, team: Team) -> None:
    caller = program(user=team.olga)
    for path in ("", "/readings"):
        assert caller.get(f"/experiments/9{path}").status_code == 404
    for path in ("share", "epochs", "stop", "rollback", "promotion"):
        answer = caller.post(f"/experiments/9/{path}", {"reason": "Why.", "share": 0.1})
        assert answer.status_code in (400, 404), path
    assert a_version(team, "other").stage == "candidate"

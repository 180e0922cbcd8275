"""`evalhub experiment`, in this home and at a site: the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from evalhub.declare.experiment import LiveMetric
from evalhub.features.experiments.models import Experiment
from tests.cast import Team
from tests.features.experiments.decisions_of import a_live_decision
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    CHAMPION,
    a_pair,
    a_plan,
    an_experiment,
)
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk"]
BY = [*OF, "--by", "olga", "--reason"]
NAMES = ["--name", "Shorter", "--challenger-name", CHALLENGER, "--champion-name", CHAMPION]


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """The file of a plan."""
    file = tmp_path / "plan.yaml"
    file.write_text(
        "primary:\n  metric: errors\n  planned_gain: 0.02\nplanned_users: 1000\nramp: [0.01, 0.5]\n"
    )
    return str(file)


def test_one_is_started_ramped_and_stopped(team: Team, plan: str, capsys: Capture) -> None:
    a_pair(team)
    assert run(["experiment", "start", "lora@1", plan, *NAMES, *BY, "It is shorter."]) == 0
    experiment = Experiment.objects.get()
    text = capsys.readouterr().out
    assert f"Experiment {experiment.pk}, Shorter: running\n" in text
    assert "lora@1 (served as support-lora) against base@1 (support-base), flag model" in text
    assert "NO DECISION SAYS THAT IT MAY SHIP" in text
    assert "epoch 1, 0.01 of all users" in text
    pk = str(experiment.pk)
    assert run(["experiment", "share", pk, "0.05", *BY, "It is quiet."]) == 0
    assert "epoch 1, 0.05 of all users, by account" in capsys.readouterr().out
    assert run(["experiment", "epoch", pk, "--weight", "0.2", *BY, "Fewer."]) == 0
    assert "epoch 2, 0.05 of all users" in capsys.readouterr().out
    assert run(["experiment", "list", *OF]) == 0
    assert f"{pk}  running, 0.05 of all users  lora@1 against base@1" in capsys.readouterr().out
    for _ in range(2):
        assert run(["experiment", "stop", pk, *BY, "Enough."]) == 0
        text = capsys.readouterr().out
        assert "Shorter: stopped. support-base answers everybody from now on." in text
    assert run(["experiment", "rollback", pk, *BY, "Harm."]) == 64
    assert "Shorter was stopped on" in capsys.readouterr().err
    assert run(["experiment", "show", pk, *OF]) == 0
    assert "nobody is exposed, by account" in capsys.readouterr().out


def test_it_shows_its_decisions(team: Team, capsys: Capture) -> None:
    decision = a_live_decision(team, "need-more-data")
    assert run(["experiment", "show", str(decision.study.experiment.pk), *OF]) == 0
    assert f"Decisions: {decision.pk}\n" in capsys.readouterr().out


def test_an_unknown_metric_is_answered_with_those_there_are(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("primary:\n  metric: speed\n  planned_gain: 0.02\n")
    assert run(["experiment", "plan", str(wrong), *OF]) == 65
    error = capsys.readouterr().err
    assert "wrong.yaml, line 2, field 'primary.metric'" in error
    assert all(metric in error for metric in LiveMetric)
    assert "signal:NAME" in error


def test_its_challenger_is_promoted(team: Team, capsys: Capture) -> None:
    champion, challenger = a_pair(team)
    decision = decided(team, champion, challenger, slug="offline")
    experiment = an_experiment(team, challenger=challenger)
    assert run(["experiment", "promote", str(experiment.pk), *BY, "It holds."]) == 0
    text = f"lora v1 is the champion of support-desk, by decision {decision.pk}\n  It holds.\n"
    assert capsys.readouterr().out == text


@pytest.mark.django_db(transaction=True)
def test_a_site_answers_what_this_home_answers(
    team: Team,
    plan: str,
    shown: Callable[..., Any],
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_pair(team)
    token = add_token(project=team.project, user=team.olga, name="ci", scopes=list(Scope), by=None)
    monkeypatch.setenv("EVALHUB_TOKEN", token.secret)
    site = ["--server", live_server.url]
    started = shown(
        "experiment", "start", "lora@1", plan, *NAMES, *OF, "--reason", "It is shorter.", *site
    )
    pk = str(started["id"])
    for words in (
        ["experiment", "list", *OF],
        ["experiment", "show", pk, *OF],
        ["experiment", "plan", plan, *OF],
    ):
        assert shown(*words, *site) == shown(*words), words
    step = shown("experiment", "share", pk, "0.05", *OF, "--reason", "Quiet.", *site)
    assert step["share"] == 0.05
    for verb, state in (("stop", "stopped"),):
        row = shown("experiment", verb, pk, *OF, "--reason", "Enough.", *site)
        assert row == shown("experiment", verb, pk, *BY, "Enough.")
        assert row["state"] == state


def test_a_plan_s_power_is_printed(team: Team, plan: str, capsys: Capture) -> None:
    assert run(["experiment", "plan", plan, *OF]) == 0
    assert capsys.readouterr().out == (
        "Planned users of both arms: 1,000\n"
        "No request of the last days names a user: nobody would be in it.\n"
        "primary errors: nothing can be planned: no request of these days names a user\n"
    )


def test_each_says_what_is_wrong(
    team: Team, tmp_path: Path, plan: str, capsys: Capture, subtests: pytest.Subtests
) -> None:
    experiment = an_experiment(team)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("primary:\n  metric: errors\n  planned_gain: 0.02\n  margin: 1\n")
    start = ["experiment", "start", "lora@1"]
    for words, code, text in (
        (["experiment", "plan", str(wrong), *OF], 65, "wrong.yaml, line 4"),
        (["experiment", "plan", str(tmp_path / "gone.yaml"), *OF], 65, "gone.yaml"),
        ([*start, plan, *NAMES, *BY, "x"], 64, "Try the adapter is running since"),
        ([*start, plan, *NAMES, *BY, "x", "--decision", "9"], 64, "there is no decision 9"),
        (["experiment", "start", "lora@7", plan, *NAMES, *BY, "x"], 64, "no version 7"),
        (["experiment", "show", "9", *OF], 64, "support-desk has no experiment 9"),
        (["experiment", "share", "1", "nan", *BY, "x"], 64, "--share"),
        (["experiment", "stop", str(experiment.pk), *OF, "--reason", "x"], 64, "--by: is needed"),
    ):
        with subtests.test(" ".join(words)):
            assert run(words) == code
            assert text in capsys.readouterr().err
    assert a_plan().ramp[0] == 0.01
    assert Experiment.objects.get().is_running

"""`evalhub monitor`, in this home and at a site: the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from evalhub.features.monitoring.looking import look_at_monitors
from evalhub.features.monitoring.models import Alarm, Monitor
from runners.timer import every
from tests.cast import Team
from tests.features.monitoring.monitors_of import a_notice, a_watched_project

pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk"]


def test_one_is_added_by_options_or_by_a_file(team: Team, tmp_path: Path, capsys: Capture) -> None:
    add = ["monitor", "add", *OF, "--of", "operations", "--false-alarms", "0.5"]
    options = ["--measure", "errors=0.02", "--measure", "slow=0.05", "--slow-ms", "2000"]
    assert run([*add, *options, "--owner", "eva"]) == 0
    assert "of operations: hasn't looked yet" in capsys.readouterr().out
    plan = tmp_path / "plan.yaml"
    plan.write_text("of: operations\nroute: billing\nmeasures: [{metric: cost, margin: 0.1}]\n")
    assert run(["monitor", "add", *OF, "--plan", str(plan), "--slices", "tag"]) == 0
    first, second = Monitor.objects.order_by("pk")
    assert [str(each.metric) for each in first.plan.measures] == ["errors", "slow"]
    assert (second.plan.route, second.plan.slices, second.false_alarms_a_year) == (
        "billing", "tag", 1,
    )  # fmt: skip
    assert run(["monitor", "settings", *OF]) == 0
    assert "False alarms a year, at most: 4, of which 2.5 are left" in capsys.readouterr().out
    assert run(["monitor", "end", str(first.pk), *OF]) == 0
    assert run(["monitor", "settings", *OF, "--false-alarms", "3"]) == 0
    assert "False alarms a year, at most: 3, of which 2 are left" in capsys.readouterr().out
    assert run(["monitor", "list", *OF]) == 0
    assert "operations (billing)  false alarms a year: 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["add"], 64, "--of"),
        (["add", "--of", "operations", "--measure", "errors"], 65, "errors=0.01"),
        (["add", "--of", "operations", "--sample", "9"], 65, "sample"),
        (["add", "--of", "operations", "--owner", "rui"], 64, "nobody who is called 'rui'"),
        (["add", "--of", "operations", "--false-alarms", "9"], 64, "4 of them are left"),
        (["add", "--of", "answers"], 65, "test_set"),
        (["show", "7"], 64, "has no monitor 7"),
        (["acknowledge", "7"], 64, "has no alarm 7"),
        (["snooze", "7", "--until", "soon", "--reason", "x"], 64, "12h, 7d or 2w"),
        (["resolve", "7", "--as", "gone", "--reason", "x"], 64, "mended, meant or false"),
    ],
)
def test_what_can_t_be_is_refused(
    team: Team, capsys: Capture, words: list[str], code: int, error: str
) -> None:
    assert run(["monitor", *words, *OF]) == code
    assert error in capsys.readouterr().err
    assert not Monitor.objects.exists()


def test_a_look_ends_with_1_at_an_open_alarm_and_69_where_something_is_absent(
    team: Team, capsys: Capture
) -> None:
    monitor, alarm = a_watched_project(team)
    look = ["monitor", "look", str(monitor.pk), *OF]
    assert run(look) == 1
    assert f"alarm {alarm.pk}  OPEN" in capsys.readouterr().out
    assert run(["monitor", "snooze", str(alarm.pk), *OF, "--until", "7d", "--reason", "x"]) == 0
    assert "snoozed until" in capsys.readouterr().out
    assert run(look) == 69
    assert "? Nobody has said under which name lora v1 is served" in capsys.readouterr().out


def test_an_alarm_is_acted_on(team: Team, capsys: Capture) -> None:
    _, alarm = a_watched_project(team)
    by, pk = [*OF, "--by", "eva"], str(alarm.pk)
    assert run(["monitor", "acknowledge", pk, *by]) == 0
    assert run(["monitor", "assign", pk, *by, "--to", "olga"]) == 0
    assert "olga answers for it" in capsys.readouterr().out
    assert run(["monitor", "alarms", *OF, "--open"]) == 0
    assert "OPEN" in capsys.readouterr().out
    resolve = ["monitor", "resolve", pk, *by, "--as", "meant", "--reason", "A new prompt."]
    assert run(resolve) == 0
    assert run(["monitor", "alarms", *OF, "--open"]) == 0
    assert "No alarm." in capsys.readouterr().out
    stored = Alarm.objects.get()
    assert (stored.resolution, stored.resolved_by, stored.reason) == (
        "meant", team.eva, "A new prompt.",
    )  # fmt: skip
    assert stored.stream is not None
    assert stored.stream.ended is not None


@pytest.mark.django_db(transaction=True)
def test_a_site_answers_what_this_home_answers(
    team: Team,
    shown: Callable[..., Any],
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monitor, alarm = a_watched_project(team)
    a_notice(monitor)
    token = add_token(project=team.project, user=team.olga, name="ci", scopes=list(Scope), by=None)
    monkeypatch.setenv("EVALHUB_TOKEN", token.secret)
    site, pk = ["--server", live_server.url], str(alarm.pk)
    added = shown("monitor", "add", *OF, "--of", "inputs", "--size", "0.2", *site)
    assert added["plan"]["size"] == 0.2
    for words in (
        ["monitor", "list", *OF],
        ["monitor", "show", str(monitor.pk), *OF],
        ["monitor", "alarms", *OF, "--open"],
        ["monitor", "settings", *OF],
        ["monitor", "acknowledge", pk, *OF],
        ["monitor", "assign", pk, *OF, "--to", "eva"],
        ["monitor", "settings", *OF, "--false-alarms", "8"],
    ):
        assert shown(*words, *site) == shown(*words), words
    row = shown("monitor", "resolve", pk, *OF, "--as", "false", "--reason", "Noise.", *site)
    assert (row["resolution"], row["resolved_by"]) == ("false", team.olga.pk)
    assert shown("monitor", "end", str(added["id"]), *OF, *site)["ended"]


@pytest.mark.django_db(transaction=True)
def test_a_site_looks_and_says_that_an_alarm_is_open(
    team: Team, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monitor, _ = a_watched_project(team)
    before = monitor.looked
    token = add_token(project=team.project, user=team.olga, name="ci", scopes=list(Scope), by=None)
    monkeypatch.setenv("EVALHUB_TOKEN", token.secret)
    with every(0.2, look_at_monitors):
        assert run(["monitor", "look", str(monitor.pk), *OF, "--server", live_server.url]) == 1
    assert "1 OPEN ALARM" in capsys.readouterr().out
    monitor.refresh_from_db()
    assert before is not None
    assert monitor.looked is not None
    assert monitor.looked > before

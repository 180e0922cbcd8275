"""The baseline asked again: what raises an alarm, what doesn't, and what it costs nobody."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.cli.app import run
from evalhub.features.monitoring.looking import look, look_at_monitors
from evalhub.features.monitoring.models import Asking, Monitor, Watch
from evalhub.features.table import EVENTS
from evalhub.features.webhooks.events import note_events
from evalhub.features.webhooks.registering import add_webhook
from evalhub.ledger.models import Decision, Look, Promotion
from evalhub.registry.models import Run, RunMetric
from evalhub.workers.embedded import embedded_worker
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk, EchoDesk

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
OF = ["--project", "desk"]
ADD = ["monitor", "add", "--of", "answers", *OF, "--test-set"]


def says(text: str) -> web.Response:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return web.json_response({"choices": [choice]})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A study of an endpoint (base) and a file of answers, on 60 questions."""
    return EchoDesk(tmp_path)


def promoted(desk: Desk, server: OpenAIServer) -> User:
    backend = {"url": server.url, "model": "echo", "retries": 0}
    desk.study["arms"]["base"]["backend"] = {"openai": backend}
    run(["study", "run", str(desk.write()), "--allow", "127.0.0.1"])
    eva = User.objects.create_user("eva")
    project = Project.objects.get(slug="desk")
    Membership.objects.create(project=project, user=eva, role=Role.EVALUATOR)
    decision = str(Decision.objects.get().pk)
    reason = ["--by", "eva", "--reason", "Runs now.", "--arm", "baseline"]
    assert run(["promote", decision, *reason]) == 0
    return eva


def asked(capsys: Capture) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run(["monitor", "look", str(Monitor.objects.get().pk), *OF, "--json"])
    return code, json.loads(capsys.readouterr().out)["looks"][0]


def test_a_model_that_changes_silently_raises_an_alarm_and_charges_no_look(
    desk: Desk, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        eva = promoted(desk, server)
        hook = add_webhook(
            project=Project.objects.get(), by=None, url="https://ci.example.org/", private=True
        ).webhook
        before = Look.objects.count(), Decision.objects.count()
        assert run([*ADD, "triage"]) == 0
        code, told = asked(capsys)
        assert (code, told["is_alarm"], told["report"]["differs_now"]) == (0, False, 0.0)
        assert told["report"]["items"] == 60
        server.misbehave = lambda prompt, attempt: says(
            f"I won't {prompt[:3]}"
            if prompt in {f"Say {i}?" for i in range(12)}
            else f"You said: {prompt}"
        )
        code, told = asked(capsys)
    assert (code, told["is_alarm"]) == (1, True)
    report = told["report"]
    assert (report["more"], report["fewer"], report["differs_now"]) == (12, 0, 0.2)
    assert report["scores"][0] | {"metric": ""} == {
        "metric": "", "better": 0, "worse": 12, "p": 2 * 0.5**12, "level": report["level"],
    }  # fmt: skip
    assert (Look.objects.count(), Decision.objects.count()) == before
    runs = Run.objects.filter(asking__isnull=False)
    assert sorted(runs.values_list("repeat", flat=True)) == [2, 3]
    assert not RunMetric.objects.filter(run__in=runs).readable().exists()
    assert server.asked["Say 3?"] == 4, "the study, the second run, and two askings"
    assert run(["monitor", "show", str(Monitor.objects.get().pk), *OF]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "ALARM  no longer answers as it did: 20.0% of its answers differ from the" in lines[-2]
    assert lines[-2].endswith("is better on 0 and worse on 12 items")
    assert "answers as it did: 0.0% of its answers differ" in lines[-1]
    note_events(hook, EVENTS)
    assert list(hook.deliveries.values_list("type", flat=True)).count("alarm.raised") == 1
    client = Client()
    client.force_login(eva)
    page = client.get(reverse("site:version", args=[Watch.objects.get().version_id]))
    assert "no longer answers as it did" in page.text


@pytest.mark.heavy
def test_after_a_change_that_was_meant_the_new_answers_are_the_reference(
    desk: Desk, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        promoted(desk, server)
        assert run([*ADD, "triage"]) == 0
        assert asked(capsys)[1]["is_alarm"] is False
        changed = {f"Say {i}?" for i in range(12)}
        server.misbehave = lambda prompt, attempt: says(
            f"New: {prompt}" if prompt in changed else f"You said: {prompt}"
        )
        assert asked(capsys)[1]["is_alarm"] is True
        alarm = str(Monitor.objects.get().alarms.get().pk)
        resolve = ["monitor", "resolve", alarm, *OF, "--as", "meant", "--reason", "A new prompt."]
        assert run([*resolve, "--by", "eva"]) == 0
        before = Watch.objects.get().second_run
        code, told = asked(capsys)
        assert (code, told["is_alarm"], told["report"]["differs_now"]) == (0, False, 0.2)
        assert Watch.objects.get().second_run.repeat > before.repeat
        server.misbehave = lambda prompt, attempt: says(f"Other: {prompt}")
        assert asked(capsys)[1]["is_alarm"] is True
    assert Monitor.objects.get().alarms.filter(resolved=None).count() == 1


@pytest.mark.heavy
def test_the_study_s_own_second_run_is_no_reference(desk: Desk, capsys: Capture) -> None:
    """Which the decision has read: a fresh one is asked, and a later watch goes on with that."""
    desk.study["noise_floor"] = True
    with OpenAIServer() as server:
        promoted(desk, server)
        (read,) = Run.objects.filter(repeat=1)
        for number in (1, 2):
            assert run([*ADD, "triage"]) == 0
            watch = Watch.objects.get(monitor__ended=None)
            assert watch.second_run_id != read.pk
            assert watch.second_run.repeat == 2
            assert run(["monitor", "look", str(watch.monitor_id), *OF]) == 0
            assert run(["monitor", "end", str(watch.monitor_id), *OF]) == 0
            assert Run.objects.filter(repeat__gt=0).count() == 2 + number


@pytest.mark.heavy
def test_it_is_asked_when_it_is_due_by_whoever_looks_and_once(desk: Desk) -> None:
    with OpenAIServer() as server:
        promoted(desk, server)
        run([*ADD, "triage", "--every-hours", "6"])
        look_at_monitors()
        assert not Asking.objects.exists(), "it isn't due before six hours"
        with embedded_worker():
            wait_for(lambda: Run.objects.get(repeat=1).state == "done")
            monitor = Monitor.objects.get()
            later = timezone.now() + timedelta(hours=6)
            look(monitor, now=later)
            look(monitor, now=later)
            (asking,) = Asking.objects.all()
            wait_for(lambda: Run.objects.get(pk=asking.run_id).state == "done")
            look(monitor, now=later)
    asking.refresh_from_db()
    assert asking.alarm is False
    assert Monitor.objects.get().due == later + timedelta(hours=6)
    for change in ({"report": {"alarm": True}}, {"concluded": None}):
        with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
            Asking.objects.update(**change)


def wait_for(done: Any) -> None:
    import time

    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.heavy
def test_a_server_that_is_away_is_no_alarm(desk: Desk, capsys: Capture) -> None:
    with OpenAIServer() as server:
        promoted(desk, server)
        assert run([*ADD, "triage"]) == 0
        assert asked(capsys)[0] == 0
    code, told = asked(capsys)
    assert (code, told["is_alarm"]) == (69, None)
    assert "nothing answers at" in told["report"]["error"]


@pytest.mark.heavy
def test_it_ends_when_another_version_is_the_champion(desk: Desk, capsys: Capture) -> None:
    with OpenAIServer() as server:
        eva = promoted(desk, server)
        assert run([*ADD, "triage"]) == 0
        decision, tuned = Decision.objects.get(), desk_version("tuned")
        Promotion.objects.create(
            project=decision.study.project, version=tuned, decision=decision, by=eva,
            reason="Better.", before=Promotion.objects.get(),
        )  # fmt: skip
        assert run(["monitor", "look", str(Monitor.objects.get().pk), *OF]) == 64
    assert "has ended: another version is the champion now" in capsys.readouterr().err


@pytest.mark.heavy
def test_a_second_run_that_somebody_cancelled_is_not_taken_up_again(
    desk: Desk, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        promoted(desk, server)
        assert run([*ADD, "triage"]) == 0
        second = Run.objects.get(repeat=1)
        assert run(["run", "cancel", str(second.pk)]) == 0
        assert run(["monitor", "look", str(Monitor.objects.get().pk), *OF]) == 64
        assert server.asked["Say 3?"] == 1, "the study alone"
    assert "has ended: somebody cancelled its second run" in capsys.readouterr().err
    second.refresh_from_db()
    assert second.state == "cancelled"


@pytest.mark.heavy
def test_a_second_run_that_nobody_answers_is_tried_once_by_a_command(
    desk: Desk, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        promoted(desk, server)
        assert run([*ADD, "triage"]) == 0
    ask = ["monitor", "look", str(Monitor.objects.get().pk), *OF]
    for _ in range(2):  # it was never tried, and it had failed
        assert run(ask) == 69
        said = capsys.readouterr().err
        assert "nothing to compare with yet" in said
        assert f"nothing answers at {server.url}" in said
    assert Monitor.objects.get().ended is None


def desk_version(name: str) -> Any:
    from evalhub.registry.models import StudyArm

    return StudyArm.objects.get(name=name).version


@pytest.mark.heavy
def test_what_can_not_be_watched_is_told_with_what_would_be_right(
    desk: Desk, capsys: Capture
) -> None:
    Project.objects.create(slug="desk", name="Desk")
    add = [*ADD, "triage"]
    assert run(add) == 64
    assert "project: desk has no champion: promote one by a decision" in capsys.readouterr().err
    with OpenAIServer() as server:
        promoted(desk, server)
        refused = [
            (
                [*ADD, "sums"],
                "has no test set 'sums' (triage)",
            ),
            ([*add, "--every-hours", "0"], "every_hours"),
            ([*add, "--false-alarms", "0"], "false_alarms_a_year"),
            (["monitor", "look", "7", *OF], "MONITOR: desk has no monitor 7"),
        ]
        for command, said in refused:
            assert run(command) in (64, 65)
            assert said in capsys.readouterr().err
        assert run(add) == 0
        assert run(add) == 64
        assert "watches it already" in capsys.readouterr().err
        number = str(Monitor.objects.get().pk)
        assert run(["monitor", "end", number, *OF]) == 0
        assert run(add) == 0, "an ended watch is in nobody's way"


@pytest.mark.heavy
def test_answers_that_came_as_a_file_can_not_be_asked_again(desk: Desk, capsys: Capture) -> None:
    with OpenAIServer() as server:
        desk.study["baseline"] = "tuned"
        desk.study["arms"]["tuned"].pop("parent")
        desk.study["arms"]["tuned"]["kind"] = "base"
        promoted(desk, server)
    assert run([*ADD, "triage"]) == 64
    assert "are recorded: there is nobody to ask again" in capsys.readouterr().err

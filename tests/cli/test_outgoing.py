"""A restored copy sends nobody anything until its operator says so."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import send_mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import LogEntry
from evalhub.accounts.outgoing import MessagesHeldError, hold_began, hold_messages
from evalhub.cli.app import run
from evalhub.declare.monitor import AnswersPlan
from evalhub.env import mailer
from evalhub.features.exporters.mlflow_aliases import tell_mlflow
from evalhub.features.monitoring.looking import look_at_monitors
from evalhub.features.monitoring.models import Monitor, Watch
from evalhub.features.webhooks.models import Delivery
from evalhub.features.webhooks.registering import add_webhook
from evalhub.features.webhooks.sending import send_due
from evalhub.registry.models import Run
from tests.cast import Team, a_run, a_test_set, a_version
from tests.database.homes import evalhub
from tests.database.test_tables import call
from tests.fakes.mlflow_server import MlflowRegistry
from tests.fakes.smtp_server import SMTPServer
from tests.fakes.webhook_receiver import Receiver, receiver
from tests.features.lifecycle.test_promotion import decided

ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def mail_server(settings: Any) -> Iterator[SMTPServer]:
    with SMTPServer() as server:
        settings.MAIL_URL = server.url
        settings.MAILERS = {"default": mailer(settings.MAIL_URL)}
        yield server


@pytest.fixture
def listener() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


def held(capsys: Capture, *words: str) -> str | None:
    assert run(["outgoing", *words, "--json"]) == 0
    since: str | None = json.loads(capsys.readouterr().out)["held_since"]
    return since


@pytest.mark.django_db
def test_held_messages_wait_and_go_out_when_the_operator_says_so(
    team: Team, listener: Receiver, settings: Any, capsys: Capture
) -> None:
    add_webhook(project=team.project, by=None, url=listener.url, private=True)
    with MlflowRegistry() as mlflow:
        settings.MLFLOW_URL = mlflow.url
        decided(team, a_version(team, "base"), a_version(team, "tuned"), slug="first")
        assert held(capsys, "hold") is not None
        assert (send_due(), tell_mlflow()) == (0, 0)
        assert run(["mlflow", "sync"]) == 69
        assert "`evalhub outgoing resume`" in capsys.readouterr().err
        assert (listener.messages, mlflow.asked) == ([], [])
        assert not Delivery.objects.exists()
        assert held(capsys, "resume") is None
        assert (send_due(), tell_mlflow()) == (1, 1)
    assert [json.loads(each.body)["type"] for each in listener.messages] == ["decision.made"]
    actions = list(LogEntry.objects.filter(action__startswith="messages-").order_by("pk"))
    assert [entry.action for entry in actions] == ["messages-held", "messages-resumed"]


@pytest.mark.django_db
def test_a_monitor_asks_nothing_while_messages_are_held(team: Team) -> None:
    asked = a_run(a_version(team, "base"), a_test_set(team, items=2), scores=[1, 1])
    long_ago = timezone.now() - timedelta(days=2)
    monitor = Monitor.objects.create(
        project=team.project,
        kind="answers",
        plan=AnswersPlan(test_set="questions"),
        false_alarms_a_year=1,
        due=long_ago,
        created=long_ago,
    )
    Watch.objects.create(
        monitor=monitor,
        version=asked.version,
        test_set_version=asked.test_set_version,
        promoted_run=asked,
        second_run=asked,
    )
    hold_messages(why="a test")
    look_at_monitors()
    monitor.refresh_from_db()
    assert monitor.looked
    assert Run.objects.count() == 1
    assert not Watch.objects.get().askings.exists()


@pytest.mark.django_db
def test_mail_is_held_and_an_invitation_says_so(
    team: Team, olga: Client, mail_server: SMTPServer
) -> None:
    hold_messages(why="a test")
    with pytest.raises(MessagesHeldError, match="evalhub outgoing resume"):
        send_mail("Hello", "text", None, ["nora@example.org"])
    form = {"whom": "nora@example.org", "role": "reviewer"}
    answer = olga.post(reverse("site:members", args=[team.project.slug]), form, follow=True)
    assert "The mail wasn’t sent (messages are held since" in answer.text
    assert run(["outgoing", "resume"]) == 0
    send_mail("Hello", "text", None, ["nora@example.org"])
    assert [message["Subject"] for message in mail_server.mails] == ["Hello"]


@pytest.mark.django_db
def test_holding_twice_keeps_the_first_moment_and_resuming_twice_is_harmless(
    capsys: Capture,
) -> None:
    first = held(capsys, "hold")
    assert held(capsys, "hold") == first
    assert held(capsys, "show") == first
    assert (held(capsys, "resume"), held(capsys, "resume"), held(capsys, "show")) == (None,) * 3
    assert LogEntry.objects.filter(action__startswith="messages-").count() == 2
    assert hold_began() is None


PRODUCTION = """
import sys
from types import SimpleNamespace
from evalhub.cli.app import run
assert run(["user", "add", "olga", "--project", "p", "--role", "owner"]) == 0
assert run(["webhook", "add", sys.argv[1], "--project", "p", "--private"]) == 0
from django.utils import timezone
from evalhub.accounts.models import Project
from evalhub.registry.models import Run
from tests.cast import a_run, a_test_set, a_version
team = SimpleNamespace(project=Project.objects.get())
failed = a_run(a_version(team, "base"), a_test_set(team, items=2), scores=[0.125, 0.25])
Run.objects.filter(pk=failed.pk).update(state="failed", finished=timezone.now())
assert run(["backup", "b.jsonl.gz"]) == 0
"""
TELL = """
import sys
from evalhub.cli.app import run
assert run(["outgoing", sys.argv[1]]) == 0
from evalhub.features.webhooks.sending import send_due
print("told", send_due())
"""


@pytest.mark.heavy
def test_a_restored_copy_tells_productions_webhooks_nothing(
    tmp_path: Path, listener: Receiver
) -> None:
    """The site has a message that is still to be sent; its copy has the same row and sends it to
    nobody, while the site goes on."""
    production, copy = tmp_path / "production", tmp_path / "copy"
    production.mkdir()
    copy.mkdir()
    script(PRODUCTION, listener.url, at=production)
    restored = evalhub("restore", production / "b.jsonl.gz", at=copy)
    assert restored.returncode == 0, restored.stderr
    assert "`evalhub outgoing resume`" in restored.stderr
    assert "messages: held since" in evalhub("doctor", at=copy).stdout
    printed = script(TELL, "show", at=copy)
    assert "messages are held since" in printed
    assert "told 0" in printed
    assert listener.messages == []
    assert script(TELL, "show", at=production).endswith("messages go out\ntold 1")
    assert len(listener.messages) == 1
    assert script(TELL, "resume", at=copy).endswith("messages go out\ntold 1")
    assert len(listener.messages) == 2


def script(code: str, *arguments: str, at: Path) -> str:
    """What a program prints that runs in the home below this folder."""
    done: subprocess.CompletedProcess[str] = call(
        sys.executable, "-c", code, *arguments, at=at, PYTHONPATH=str(ROOT)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

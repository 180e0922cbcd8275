"""`evalhub webhook` as an operator runs it."""

import json

import pytest

from evalhub.cli.app import run
from evalhub.features.webhooks.models import Delivery, Webhook
from tests.cast import Team

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk"]
URL = "https://ci.example.org/hook"


def test_a_webhook_from_its_making_to_its_end(team: Team, capsys: Capture) -> None:
    assert run(["webhook", "list", *OF]) == 0
    assert "No webhooks yet" in capsys.readouterr().err
    assert run(["webhook", "add", URL, *OF, "--event", "run.failed"]) == 0
    made = capsys.readouterr()
    assert made.out.startswith("whsec_")
    webhook = Webhook.objects.get()
    assert made.err == f"Webhook {webhook.pk} gets: run.failed. The secret isn't shown again.\n"
    message = Delivery.objects.create(
        webhook=webhook,
        event="run.failed:7",
        type="run.failed",
        message_id="msg_1",
        body="{}",
        state="failed",
        error="the answer was 500",
        due_at=webhook.created,
    )
    assert run(["webhook", "list", *OF]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{webhook.pk}: {URL} (run.failed)",
        f"  {message.pk}: run.failed:7, was given up, the answer was 500",
    ]
    assert run(["webhook", "replay", str(message.pk), *OF]) == 0
    message.refresh_from_db()
    assert message.state == "waiting"
    capsys.readouterr()
    assert run(["webhook", "rotate", str(webhook.pk), *OF]) == 0
    assert capsys.readouterr().out not in ("", made.out)
    assert run(["webhook", "list", *OF, "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["deliveries"][0]["state"]) == (webhook.pk, "waiting")
    assert shown["url"] == f"/api/v1/projects/support-desk/webhooks/{webhook.pk}"
    assert run(["webhook", "replay", str(message.pk), *OF, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == shown["deliveries"][0]
    assert run(["webhook", "remove", str(webhook.pk), *OF, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == webhook.pk
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["add", "http://10.0.0.1/hook"], "address: starts with https://"),
        (["add", "https://10.0.0.1/hook"], "address: 10.0.0.1 lies on this machine or in a priv"),
        (["add", URL, "--event", "nothing"], "events: one or more of decision.made"),
        (["replay", "7"], "NUMBER: support-desk has no message 7"),
        (["rotate", "7"], "NUMBER: support-desk has no webhook 7"),
        (["remove", "7"], "NUMBER: support-desk has no webhook 7"),
    ],
)
def test_what_cannot_be_is_a_usage_error(
    team: Team, capsys: Capture, command: list[str], said: str
) -> None:
    assert run(["webhook", command[0], *command[1:], *OF]) == 64
    assert capsys.readouterr().err.startswith(f"evalhub: {said}")
    assert not Webhook.objects.exists()


def test_an_operator_allows_a_private_address(team: Team, capsys: Capture) -> None:
    assert run(["webhook", "add", "http://10.0.0.1:8080/hook", *OF, "--private", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["private"], made["secret"][:6]) == (True, "whsec_")

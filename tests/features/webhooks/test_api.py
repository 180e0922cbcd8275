"""Webhooks by REST."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import Role
from evalhub.features.webhooks.models import Delivery, Webhook
from tests.api.conftest import Program
from tests.cast import Team

Programs = Callable[..., Program]
URL = "https://ci.example.org/evalhub"


@pytest.fixture
def owner(team: Team, program: Programs) -> Program:
    return program("admin", user=team.olga)


def test_a_webhook_is_made_changed_and_taken_away(owner: Program) -> None:
    made = owner.post("/webhooks", {"address": URL, "events": ["run.failed"]})
    assert made.status_code == 201, made.content
    assert made.json()["secret"].startswith("whsec_")
    at = made.headers["Location"].removeprefix(owner.at(""))
    shown = owner.get(at).json()
    assert "secret" not in shown
    assert (shown["address"], shown["events"], shown["enabled"]) == (URL, ["run.failed"], True)
    assert [each["id"] for each in owner.get("/webhooks").json()["results"]] == [shown["id"]]
    changed: Any = owner.client.patch(
        owner.at(at), {"enabled": False}, content_type="application/json"
    )
    assert (changed.json()["enabled"], changed.json()["why"]) == (False, "by an owner")
    rotated = owner.post(f"{at}/secret")
    assert rotated.json()["secret"] not in ("", made.json()["secret"])
    assert owner.client.delete(owner.at(at)).status_code == 204
    assert owner.get(at).status_code == 404


def test_a_secret_is_shown_once(owner: Program) -> None:
    assert owner.post("/webhooks", {"address": URL}, key="one").status_code == 201
    again = owner.post("/webhooks", {"address": URL}, key="one")
    assert again.status_code == 409
    assert "secret" in again.json()["detail"]
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "address"),
        ({"address": "http://ci.example.org/"}, "address"),
        ({"address": "https://10.1.2.3/"}, "address"),
        ({"address": URL, "events": []}, "events"),
        ({"address": URL, "events": ["nothing"]}, "events[0]"),
        ({"address": URL, "private": True}, "private"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    owner: Program, body: dict[str, Any], field: str
) -> None:
    refused = owner.post("/webhooks", body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == field


def test_messages_are_listed_and_sent_again(owner: Program) -> None:
    at = owner.post("/webhooks", {"address": URL}).headers["Location"].removeprefix(owner.at(""))
    webhook = Webhook.objects.get()
    delivery = Delivery.objects.create(
        webhook=webhook,
        event="decision.made:1",
        type="decision.made",
        message_id="msg_1",
        body="{}",
        state="failed",
        attempts=10,
        due_at=webhook.created,
    )
    (listed,) = owner.get(f"{at}/deliveries").json()["results"]
    assert (listed["message_id"], listed["state"], listed["body"]) == ("msg_1", "failed", "{}")
    again = owner.post(f"{at}/deliveries/{delivery.pk}/replay")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (
        200,
        "waiting",
        0,
    )
    assert owner.post(f"{at}/deliveries/999/replay").status_code == 404


def test_whoever_owns_no_more_sees_no_webhooks(team: Team, owner: Program) -> None:
    at = owner.post("/webhooks", {"address": URL}).headers["Location"].removeprefix(owner.at(""))
    team.project.memberships.filter(user=team.olga).update(role=Role.EVALUATOR)
    assert owner.get("/webhooks").json()["results"] == []
    assert owner.get(at).status_code == 404
    assert owner.post("/webhooks", {"address": URL + "2"}).status_code == 403

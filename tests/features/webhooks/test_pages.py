"""A project's owners add, change and remove webhooks on pages, and see what became of messages."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.events import EventType
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.features.webhooks.registering import add_webhook, change_webhook
from evalhub.frames.page.read_from import state_digest
from tests.cast import Team

PAGE = "/projects/support-desk/webhooks/"
URL = "https://ci.example.org/evalhub"


@pytest.fixture
def webhook(team: Team) -> Webhook:
    return add_webhook(project=team.project, by=team.olga, url=URL).webhook


def a_message(webhook: Webhook, state: str = "failed") -> Delivery:
    return Delivery.objects.create(
        webhook=webhook,
        event="decision.made:1",
        type="decision.made",
        message_id="msg_1",
        body='{"type":"decision.made"}',
        state=state,
        error="the answer was 500",
        attempts=3,
        due_at=webhook.created,
    )


def change(client: Client, webhook: Webhook, verb: str, **form: Any) -> Any:
    return client.post(f"{PAGE}{webhook.pk}/change/", {"verb": verb, **form}, follow=True)


def test_a_webhook_is_added_and_its_secret_is_shown_once(olga: Client, team: Team) -> None:
    page = olga.post(PAGE, {"address": URL, "events": ["decision.made", "run.failed"]})
    assert re.search(r'value="whsec_[^"]+"', page.text)
    assert Webhook.objects.get().events == ["decision.made", "run.failed"]
    assert "whsec_" not in olga.get(PAGE).text
    assert URL in olga.get(PAGE).text


@pytest.mark.parametrize(
    ("address", "events", "problem"),
    [
        ("http://ci.example.org/", ["decision.made"], "starts with https://"),
        ("https://localhost/hook", ["decision.made"], "private network"),
        (URL, [], "none is given"),
        (URL, ["decision.unmade"], "isn’t one of them"),
    ],
)
def test_what_can_t_be_one_is_refused_and_stays_in_the_form(
    olga: Client, team: Team, address: str, events: list[str], problem: str
) -> None:
    page = olga.post(PAGE, {"address": address, "events": events})
    assert page.status_code == 400
    assert problem.replace("’", "'") in html.unescape(page.text)
    assert f'value="{address}"' in page.text
    assert not Webhook.objects.exists()


def test_events_are_changed(olga: Client, webhook: Webhook) -> None:
    read = ",".join(webhook.events)
    page = change(olga, webhook, "events", read=read, events=["run.failed"])
    assert "The events are changed." in page.text
    webhook.refresh_from_db()
    assert webhook.events == ["run.failed"]


def test_a_colleague_s_change_isn_t_taken_back_by_an_old_page(
    olga: Client, team: Team, webhook: Webhook
) -> None:
    before = state_digest(webhook)
    change_webhook(webhook=webhook, by=team.olga, events=["run.failed"])
    page = change(olga, webhook, "events", read_from=before, events=list(EventType))
    assert page.status_code == 409
    assert "Somebody changed this first" in page.text
    webhook.refresh_from_db()
    assert webhook.events == ["run.failed"]


def test_it_is_turned_off_and_on(olga: Client, webhook: Webhook) -> None:
    assert "by an owner" in change(olga, webhook, "off").text
    assert "Turn it on" in olga.get(f"{PAGE}{webhook.pk}/").text
    change(olga, webhook, "on")
    webhook.refresh_from_db()
    assert webhook.disabled is None


def test_a_new_secret_is_shown_once(olga: Client, webhook: Webhook) -> None:
    page = change(olga, webhook, "rotate")
    assert re.search(r'value="whsec_[^"]+"', page.text)
    assert "For a day messages are signed by the old one too." in page.text


def test_it_is_removed_with_its_messages(olga: Client, webhook: Webhook) -> None:
    a_message(webhook)
    assert "gets no more messages" in change(olga, webhook, "remove").text
    assert not Webhook.objects.exists()


def test_no_other_verb_is_there(olga: Client, webhook: Webhook) -> None:
    assert change(olga, webhook, "explode").status_code == 404


def test_a_message_shows_what_became_of_it_and_is_sent_again(
    olga: Client, webhook: Webhook
) -> None:
    message = a_message(webhook)
    shown = olga.get(f"{PAGE}{webhook.pk}/").text
    assert "given up" in shown
    assert "the answer was 500" in shown
    again = f"{PAGE}{webhook.pk}/messages/{message.pk}/again/"
    assert "The message is sent again" in olga.post(again, follow=True).text
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("waiting", 0)


def test_nothing_is_sent_again_to_one_that_is_off(olga: Client, webhook: Webhook) -> None:
    message = a_message(webhook)
    change(olga, webhook, "off")
    again = f"{PAGE}{webhook.pk}/messages/{message.pk}/again/"
    assert "enable that first" in olga.post(again, follow=True).text


def test_the_list_counts_what_waits_and_what_was_given_up(olga: Client, webhook: Webhook) -> None:
    a_message(webhook)
    row = olga.get(PAGE).text
    assert '<td class="number inline" data-label="Waiting">0</td>' in row
    assert "</span> 1</span>" in row


@pytest.mark.parametrize("person", ["eva", "rui"])
def test_webhooks_are_for_owners_alone(team: Team, webhook: Webhook, person: str) -> None:
    client = team.signed_in(getattr(team, person))
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}{webhook.pk}/").status_code == 403
    assert change(client, webhook, "remove").status_code == 403
    assert Webhook.objects.exists()

"""What happens in a project is told: once, signed, tried again, and to nobody inside."""

import json
import re
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from evalhub.accounts.events import LARGEST_BODY
from evalhub.accounts.models import LogEntry
from evalhub.accounts.outgoing import RETRY_WAITS
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.features.webhooks.events import KERNEL_EVENTS, note_events
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.features.webhooks.registering import (
    MOST,
    WebhookError,
    add_webhook,
    change_webhook,
    remove_webhook,
    replay,
    rotate_secret,
)
from evalhub.features.webhooks.sending import LEASE, send_due
from evalhub.features.webhooks.signing import signatures
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.fakes.webhook_receiver import Message, Receiver, receiver
from tests.reviews.conftest import a_campaign
from tests.tampering import rewritten

pytestmark = pytest.mark.django_db
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|::|localhost|invalid")
"""Of a host, or its name."""


@pytest.fixture
def listener() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def hooked(team: Team, listener: Receiver) -> str:
    """The secret of a webhook of the team, at the listener."""
    return add_webhook(project=team.project, by=None, url=listener.url, private=True).secret


def a_decision(team: Team, verdict: str = "ship") -> Decision:
    slug = f"study-{Decision.objects.count()}"
    base, lora = a_version(team, f"base-{slug}"), a_version(team, f"lora-{slug}")
    questions = a_test_set(team, f"set-{slug}", items=2)
    study = a_study(team, baseline=base, candidate=lora, primary=questions, slug=slug)
    return Decision.objects.create(
        study=study,
        arm="lora",
        record={"verdict": verdict},
        digest="0" * 64,
        code_version="1",
    )


def a_failed_run(team: Team) -> Run:
    slug = f"failed-{Run.objects.count()}"
    run = a_run(a_version(team, slug), a_test_set(team, slug, items=2), scores=[0.125, 0.25])
    Run.objects.filter(pk=run.pk).update(
        state="failed", error="2 of 2 items failed: the word canary", finished=timezone.now()
    )
    run.refresh_from_db()
    return run


def is_signed(message: Message, *secrets: str) -> bool:
    header = message.headers
    signed = signatures(
        secrets,
        message_id=header["webhook-id"],
        timestamp=int(header["webhook-timestamp"]),
        body=message.body,
    )
    return header["webhook-signature"] == signed


def due_now() -> None:
    """As though the time of the next attempt had come."""
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_a_decision_is_told_once_and_signed(team: Team, listener: Receiver, hooked: str) -> None:
    decision = a_decision(team)
    assert send_due() == 1
    assert send_due() == 0
    (message,) = listener.messages
    assert is_signed(message, hooked)
    assert message.headers["content-type"] == "application/json"
    told = json.loads(message.body)
    assert told["type"] == "decision.made"
    assert told["timestamp"].endswith("Z")
    assert told["data"] == {
        "project": "support-desk",
        "study": "study-0",
        "experiment": None,
        "candidate": "lora",
        "decision": decision.pk,
        "digest": "0" * 64,
        "verdict": "ship",
        "url": f"http://localhost:8000/studies/{decision.study_id}/",
        "api": f"http://localhost:8000/api/v1/projects/support-desk/decisions/{decision.pk}",
    }
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status, delivery.attempts) == ("delivered", 204, 1)


def test_finished_reviews_and_failed_runs_are_told(
    team: Team, listener: Receiver, hooked: str
) -> None:
    campaign = a_campaign(team)
    run = a_failed_run(team)
    close_campaign(campaign=campaign, by=team.olga)
    assert send_due() == 2
    told = {each["type"]: each["data"] for each in (json.loads(m.body) for m in listener.messages)}
    assert told["campaign.finished"]["campaign"] == campaign.pk
    assert told["run.failed"]["run"] == run.pk
    assert told["run.failed"]["model"] == run.version.model.slug


def test_a_champion_is_told_however_it_became_that(
    team: Team, listener: Receiver, hooked: str
) -> None:
    """Without the reason: that is for who may see it."""
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    override_champion(version=base, by=team.olga, reason="canary")
    override_champion(version=tuned, by=team.olga, reason="canary")
    roll_back(version=tuned, by=team.eva, reason="canary")
    assert (send_due(), send_due()) == (3, 0)
    data = [json.loads(message.body)["data"] for message in listener.messages]
    told = {(each["model"], each["how"]): each for each in data}
    assert told.keys() == {
        ("base", "overridden"),
        ("tuned", "overridden"),
        ("base", "rolled-back"),
    }
    assert told["base", "rolled-back"] == {
        "project": "support-desk",
        "model": "base",
        "version": 1,
        "how": "rolled-back",
        "decision": None,
        "before": {"model": "tuned", "version": 1},
        "url": f"http://localhost:8000/versions/{base.pk}/",
        "api": "http://localhost:8000/api/v1/projects/support-desk/champion",
    }
    assert not any("canary" in message.body for message in listener.messages)


def test_nothing_sealed_and_nothing_anybody_wrote_is_told(
    team: Team, listener: Receiver, hooked: str
) -> None:
    a_failed_run(team)
    send_due()
    (message,) = listener.messages
    for secret in ("0.125", "0.1875", "canary", "items failed"):
        assert secret not in message.body
    assert len(message.body) < LARGEST_BODY


def test_a_run_that_fails_again_is_told_again(team: Team, listener: Receiver, hooked: str) -> None:
    run = a_failed_run(team)
    send_due()
    Run.objects.filter(pk=run.pk).update(finished=timezone.now())
    send_due()
    send_due()
    assert len(listener.messages) == 2
    assert len({each.headers["webhook-id"] for each in listener.messages}) == 2


def test_what_happened_before_or_elsewhere_or_was_not_asked_for_is_not_told(
    team: Team, listener: Receiver
) -> None:
    a_decision(team)
    rewritten(Decision.objects.get(), created=timezone.now() - timedelta(minutes=5))
    made = add_webhook(
        project=team.project, by=None, url=listener.url, events=["decision.made"], private=True
    )
    a_failed_run(team)
    assert note_events(made.webhook, KERNEL_EVENTS) == 0
    a_decision(team)
    assert note_events(made.webhook, KERNEL_EVENTS) == 1
    assert note_events(made.webhook, KERNEL_EVENTS) == 0


def test_a_row_that_was_written_late_is_still_found(team: Team, hooked: str) -> None:
    """Its transaction began before the last look and ended after it."""
    webhook = Webhook.objects.get()
    a_decision(team)
    Webhook.objects.update(looked=timezone.now() + timedelta(minutes=30))
    webhook.refresh_from_db()
    assert note_events(webhook, KERNEL_EVENTS) == 1


def test_what_is_not_taken_is_tried_again_by_the_schedule(
    team: Team, listener: Receiver, hooked: str
) -> None:
    a_decision(team)
    listener.answers = [500] * len(RETRY_WAITS) + [503]
    for attempt, wait in enumerate(RETRY_WAITS, start=1):
        before = timezone.now()
        assert send_due() == 1
        assert send_due() == 0, "not before its time"
        delivery = Delivery.objects.get()
        assert delivery.attempts == attempt
        assert delivery.error == "the answer was 500"
        assert wait <= delivery.due_at - before <= wait + timedelta(minutes=1)
        due_now()
    assert send_due() == 1
    due_now()
    assert send_due() == 0, "given up"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status) == ("failed", 10, 503)
    assert len({each.headers["webhook-id"] for each in listener.messages}) == 1
    assert sum(RETRY_WAITS, timedelta()) > timedelta(days=3)


def test_an_address_that_is_gone_is_told_nothing_any_more(
    team: Team, listener: Receiver, hooked: str
) -> None:
    a_decision(team)
    listener.answers = [410]
    send_due()
    webhook = Webhook.objects.get()
    assert (webhook.disabled is not None, webhook.why) == (True, "its address answered 410: gone")
    assert Delivery.objects.get().state == "failed"
    a_decision(team)
    assert send_due() == 0
    with pytest.raises(WebhookError, match="is disabled: enable that first"):
        replay(delivery=Delivery.objects.get(), by=None)
    change_webhook(webhook=webhook, by=team.olga, enabled=True)
    assert send_due() == 0, "what happened meanwhile is not told later"
    a_decision(team)
    assert send_due() == 1


def test_a_redirect_is_no_answer_and_is_not_followed(
    team: Team, listener: Receiver, hooked: str
) -> None:
    a_decision(team)
    with receiver() as elsewhere:
        listener.answers, listener.location = [302], elsewhere.url
        send_due()
        assert elsewhere.messages == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error) == ("waiting", "the answer was 302")


def test_a_message_is_sent_again_when_asked(team: Team, listener: Receiver, hooked: str) -> None:
    a_decision(team)
    send_due()
    replay(delivery=Delivery.objects.get(), by=team.olga)
    assert send_due() == 1
    first, second = listener.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_while_a_secret_is_changed_messages_are_signed_by_both(
    team: Team, listener: Receiver, hooked: str
) -> None:
    new = rotate_secret(webhook=Webhook.objects.get(), by=team.olga).secret
    assert new != hooked
    a_decision(team)
    send_due()
    assert is_signed(listener.messages[0], new, hooked)
    Webhook.objects.update(old_until=timezone.now())
    a_decision(team)
    send_due()
    assert is_signed(listener.messages[1], new)


def test_the_secret_is_nowhere_in_the_database(team: Team, hooked: str) -> None:
    kept = json.dumps(list(Webhook.objects.values()), default=str)
    assert hooked not in kept
    assert hooked.removeprefix("whsec_") not in kept
    assert str(settings.SECRET_KEY) not in kept


def test_a_message_that_somebody_else_has_is_left_to_them(
    team: Team, listener: Receiver, hooked: str
) -> None:
    a_decision(team)
    note_events(Webhook.objects.get(), KERNEL_EVENTS)
    Delivery.objects.update(due_at=timezone.now() + LEASE, attempts=F("attempts") + 1)
    assert send_due() == 0
    due_now()  # they died
    assert send_due() == 1
    assert Delivery.objects.get().attempts == 2


def test_nobody_there_is_told_in_words_and_keeps_up_no_other(
    team: Team, listener: Receiver, hooked: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}/"
    add_webhook(project=team.project, by=None, url=dead, private=True)
    a_decision(team)
    assert send_due() == 2
    assert len(listener.messages) == 1
    error = Delivery.objects.get(webhook__url=dead).error
    assert error == "nobody accepts connections at its host and port"


def test_a_name_that_means_a_private_address_is_not_connected_to(
    team: Team, listener: Receiver, hooked: str
) -> None:
    """By the address of the socket, whatever the name meant when it was looked at."""
    Webhook.objects.update(private=False, url=listener.url.replace("127.0.0.1", "localhost"))
    a_decision(team)
    send_due()
    assert listener.messages == []
    error = Delivery.objects.get().error
    assert error.startswith("its host lies on this machine or in a private network")
    assert not ADDRESS.search(error)


@pytest.mark.parametrize("host", ["localhost", "no-such-host.invalid", "127.0.0.1"])
@pytest.mark.parametrize("private", [True, False])
def test_no_error_names_the_address_that_a_host_means(
    team: Team, hooked: str, host: str, private: bool
) -> None:
    """Refused, unresolved, nobody there: what an owner reads is the rule, and nothing looked up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Webhook.objects.update(private=private, url=f"http://{host}:{port}/")
    a_decision(team)
    send_due()
    error = Delivery.objects.get().error
    assert error
    assert not ADDRESS.search(error), error


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ci.example.org/hook", "starts with https://"),
        ("ftp://ci.example.org/hook", "starts with https://"),
        ("https://", "is an address such as"),
        ("nonsense", "is an address such as"),
        ("https://[::1", "is an address such as"),
        ("https://ci.example.org:99999/", "is an address such as"),
        ("https://user:word@ci.example.org/", "has no user, password"),
        ("https://ci.example.org/#part", "has no user, password"),
        ("https://ci.example.org/a b", "white space"),
        ("https://ci.example.org/\x00", "is an address such as"),
        ("https://ci.example.org/" + "a" * 500, "is an address such as"),
        ("https://localhost/", "lies on this machine or in a private network"),
        ("https://127.0.0.1/", "lies on this machine or in a private network"),
        ("https://10.0.0.1/", "lies on this machine or in a private network"),
        ("https://169.254.169.254/latest", "lies on this machine or in a private network"),
        ("https://[::1]/", "lies on this machine or in a private network"),
        ("https://[::ffff:10.0.0.1]/", "lies on this machine or in a private network"),
        ("https://0.0.0.0/", "lies on this machine or in a private network"),
    ],
)
def test_an_address_that_cannot_be_is_refused(team: Team, url: str, said: str) -> None:
    with pytest.raises(WebhookError, match=said) as error:
        add_webhook(project=team.project, by=team.olga, url=url, private=True)
    assert error.value.field == "address"
    assert not Webhook.objects.exists()


def test_the_log_keeps_that_a_webhook_was_added_and_removed(team: Team, hooked: str) -> None:
    remove_webhook(webhook=Webhook.objects.get(), by=team.olga)
    assert not Webhook.objects.exists()
    kept = LogEntry.objects.filter(action__startswith="webhook-").values_list("action", flat=True)
    assert sorted(kept) == ["webhook-added", "webhook-removed"]


def test_unknown_events_and_too_many_webhooks_are_refused(team: Team, hooked: str) -> None:
    for events in (["decision.undone"], []):
        with pytest.raises(WebhookError, match="one or more of decision"):
            add_webhook(project=team.project, by=None, url="https://a.example.org/", events=events)
    with pytest.raises(WebhookError, match="has a webhook of this address"):
        add_webhook(project=team.project, by=None, url=Webhook.objects.get().url, private=True)
    for i in range(MOST - 1):
        add_webhook(project=team.project, by=None, url=f"https://ci{i}.example.org/")
    with pytest.raises(WebhookError, match="has 20 of them"):
        add_webhook(project=team.project, by=None, url="https://one-more.example.org/")


def test_old_messages_are_taken_out_and_not_told_again(
    team: Team, listener: Receiver, hooked: str
) -> None:
    a_decision(team)
    send_due()
    past = timezone.now() - timedelta(days=31)
    Delivery.objects.update(ended=past)
    rewritten(Decision.objects.get(), created=past)
    Webhook.objects.update(since=past - timedelta(days=1))
    assert send_due() == 0
    assert not Delivery.objects.exists()
    assert send_due() == 0

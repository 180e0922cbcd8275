"""A champion that is watched: what it loses is on the home page, and told once by mail and webhook.

Traffic comes in by REST, the monitor is added by a command, and the site's own timer looks.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.test_live_experiment import Desk, python
from tests.fakes.smtp_server import SMTPServer
from tests.fakes.webhook_receiver import Receiver, receiver
from tests.serving.site import ask, up

pytestmark = [pytest.mark.heavy, pytest.mark.paired, pytest.mark.browser]

DAYS, LOST_DAYS, USERS = 35, 8, 80
PATIENCE_S = 120
QUIET_S = 45
"""Longer than the timers of mail and webhooks wait."""
PREPARE = f"""
from tests.migrated import set_up_migrated
set_up_migrated()
from datetime import timedelta
from django.utils import timezone
from evalhub.accounts.tokens import add_token
from evalhub.features.traffic.served import state_served_version
from evalhub.ledger.models import Promotion
from tests.cast import a_team, a_version
team, since = a_team(), timezone.now() - timedelta(days={DAYS + 1})
version = a_version(team, "base")
Promotion.objects.create(
    project=team.project, version=version, by=team.olga, reason="It runs.", created=since
)
state_served_version(
    project=team.project, by=None, name="support", version=version, since=since
)
scopes = ["read", "run", "decide", "traffic"]
token = add_token(project=team.project, user=team.olga, name="all", scopes=scopes, by=None).secret
print(token, team.signed_in(team.olga).cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class Watched:
    """The project on its site, with who is told of alarms."""

    desk: Desk
    mail: SMTPServer
    hook: Receiver

    def alarms_told(self) -> list[Any]:
        """What the webhook received of alarms that were raised."""
        bodies = [json.loads(message.body) for message in self.hook.messages]
        return [body for body in bodies if body["type"] == "alarm.raised"]

    def mails(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mail.mails if "olga" in str(mail["To"])]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with SMTPServer() as mail, receiver() as hook, up(tmp_path, EVALHUB_MAIL_URL=mail.url) as site:
        token, session = python(site, PREPARE).split()
        site.command("webhook", "add", hook.url, "--project", "support-desk", "--private")
        yield Watched(Desk(site, token, session), mail, hook)


def test_a_loss_is_seen_told_once_mended_and_leads_to_training_again(
    watched: Watched, new_context: Callable[..., BrowserContext]
) -> None:
    desk = watched.desk
    send(desk, "requests", a_request_of_each())
    send(desk, "signals", thumbs_down(range(DAYS), share=25))
    measures = ["--measure", "errors=0.02", "--measure", "thumbs_down=0.02"]
    desk.site.command(
        "monitor", "add", "--project", "support-desk", "--of", "operations", *measures
    )
    [monitor] = desk.call("monitors")["results"]
    wait(desk, lambda: desk.call(f"monitors/{monitor['id']}")["looked"], "the timer looks")
    assert desk.call("alarms")["results"] == []
    page = signed_in(desk, new_context())
    page.goto(desk.site.url)
    expect(page.get_by_text("Amiss in production")).to_have_count(0)

    send(desk, "signals", thumbs_down(range(DAYS - LOST_DAYS, DAYS), share=6, key="late"))
    desk.call(f"monitors/{monitor['id']}/looks", {})
    wait(desk, lambda: desk.call("alarms")["results"], "an alarm is raised")
    [alarm] = desk.call("alarms")["results"]
    assert alarm["subject"] == "thumbs_down"
    page.goto(desk.site.url)
    expect(page.get_by_role("heading", name="Amiss in production")).to_be_visible()
    wait(desk, watched.alarms_told, "the webhook is called")
    wait(desk, watched.mails, "a mail is sent")
    assert watched.alarms_told()[0]["data"]["alarm"] == alarm["id"]

    page.get_by_role("link", name="thumb").first.click()
    expect(page.get_by_role("heading", name="Proposed: train it again")).to_be_visible()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged ").first).to_be_visible()
    lines = desk.site.command("monitor", "proposals", "--project", "support-desk")
    assert "base v1 is worse since" in lines
    assert "evalhub traffic sample --project support-desk" in lines

    time.sleep(QUIET_S)
    assert len(watched.alarms_told()) == 1, "nobody is told twice"
    assert len(watched.mails()) == 1
    mended = {"resolution": "mended", "reason": "The index is whole again."}
    assert desk.call(f"alarms/{alarm['id']}/resolve", mended)["state"] == "resolved"
    page.goto(desk.site.url)
    expect(page.get_by_text("Amiss in production")).to_have_count(0)
    assert len(desk.call("proposals")["results"]) == 1


def at(number: int) -> datetime:
    """Noon of the day of this number; of the last, two days ago, all feedback is in."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon - timedelta(days=DAYS + 1 - number)


def a_request_of_each() -> list[dict[str, Any]]:
    """A request of each user on each day."""
    return [
        {
            "id": f"{day}-{user}",
            "time": at(day).isoformat(),
            "user": f"user-{user}",
            "model": "support",
            "route": "search" if user % 2 else "chat",
        }
        for day in range(DAYS)
        for user in range(USERS)
    ]


def thumbs_down(days: Sequence[int], *, share: int, key: str = "usual") -> list[dict[str, Any]]:
    """A thumb down about one request in so many, of another user each day."""
    return [
        {
            "id": f"{key}-{day}-{user}",
            "time": (at(day) + timedelta(minutes=5)).isoformat(),
            "name": "thumb",
            "value": 0,
            "request": f"{day}-{user}",
        }
        for day in days
        for user in range(USERS)
        if (user * 7 + day * 3) % share == 0
    ]


def send(desk: Desk, kind: str, rows: list[dict[str, Any]]) -> None:
    """Posts rows of requests or of signals, one a line."""
    reply = ask(
        desk.site.port,
        f"/api/v1/projects/support-desk/{kind}",
        method="POST",
        body="\n".join(map(json.dumps, rows)),
        Authorization=f"Bearer {desk.token}",
        Content_Type="application/x-ndjson",
    )
    assert json.loads(reply.text)[kind] == len(rows), reply.text


def wait(desk: Desk, until: Callable[[], Any], what: str) -> None:
    """Until it is so: the site's own timers do it."""
    for _ in range(PATIENCE_S):
        if until():
            return
        time.sleep(1)
    pytest.fail(f"within {PATIENCE_S} s: {what}; {desk.site.log.read_text()[-2000:]}")


def signed_in(desk: Desk, context: BrowserContext) -> Page:
    cookie = {"name": "sessionid", "value": desk.session, "url": desk.site.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    return context.new_page()

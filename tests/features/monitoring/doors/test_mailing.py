"""Mail about alarms: to whom, how many, and never the same twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.outgoing import hold_messages, resume_messages
from evalhub.env import mailer
from evalhub.features.monitoring.alarms import acknowledge_alarm, assign_alarm
from evalhub.features.monitoring.mailing import BETWEEN, mail_alarms
from evalhub.features.monitoring.models import AlarmMail, Monitor
from tests.cast import Team
from tests.fakes.smtp_server import SMTPServer
from tests.features.monitoring.monitors_of import a_champion, a_monitor, a_stream, an_alarm

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def mail(settings: Any, team: Team) -> Iterator[SMTPServer]:
    """A mail server; Olga, who owns the project, and Eva have addresses."""
    for user in (team.olga, team.eva):
        user.email = f"{user}@example.org"
        user.save()
    with SMTPServer() as server:
        settings.MAIL_URL = server.url
        settings.MAILERS = {"default": mailer(server.url)}
        settings.SITE_URL = "https://evalhub.example.org"
        yield server


def some_alarms(team: Team, count: int = 2, **monitor: Any) -> Monitor:
    version = a_champion(team)
    row = a_monitor(team, **monitor)
    for metric in ("errors", "slow", "cost")[:count]:
        an_alarm(a_stream(row, version, metric))
    return row


def recipients(mail: SMTPServer) -> list[str]:
    return [str(message["To"]) for message in mail.mails]


def test_alarms_of_a_project_are_one_mail_to_its_owner(mail: SMTPServer, team: Team) -> None:
    some_alarms(team)
    assert mail_alarms() == 1
    assert mail_alarms() == 0, "nobody gets the same twice"
    [message] = mail.mails
    assert (message["To"], message["Subject"]) == (
        "olga@example.org", "Support desk: 2 alarms in production",
    )  # fmt: skip
    text = message.get_content()
    assert text.count("https://evalhub.example.org/alarms/") == 2
    assert "Errors rose by 3.1 points" in text
    assert "nobody answers for it and you own the project" in text


def test_the_alarm_s_owner_gets_it_in_place_of_the_project_s(mail: SMTPServer, team: Team) -> None:
    some_alarms(team, 1, owner=team.eva)
    mail_alarms()
    assert recipients(mail) == ["eva@example.org"]
    assert mail.mails[0]["Subject"] == "Support desk: errors in production"
    assert "you answer for it" in mail.mails[0].get_content()


def test_what_comes_within_an_hour_is_the_next_mail(mail: SMTPServer, team: Team) -> None:
    monitor = some_alarms(team, 1)
    now = timezone.now()
    assert mail_alarms(now=now) == 1
    version = monitor.streams.get().version
    for metric in ("slow", "cost"):
        an_alarm(a_stream(monitor, version, metric))
    assert mail_alarms(now=now + HOUR / 2) == 0
    assert mail_alarms(now=now + BETWEEN) == 1
    assert mail.mails[1]["Subject"] == "Support desk: 2 alarms in production"


def test_who_has_seen_it_gets_no_mail_and_who_is_assigned_does(
    mail: SMTPServer, team: Team
) -> None:
    monitor = some_alarms(team, 2)
    seen, other = monitor.alarms.order_by("pk")
    acknowledge_alarm(alarm=seen, by=team.olga)
    assign_alarm(alarm=other, owner=team.eva, by=team.olga)
    assert mail_alarms() == 1
    assert recipients(mail) == ["eva@example.org"]


def test_a_server_that_takes_nothing_is_tried_again(mail: SMTPServer, team: Team) -> None:
    some_alarms(team)
    mail.refuses = "MAIL"
    now = timezone.now()
    assert mail_alarms(now=now) == 0
    assert set(AlarmMail.objects.values_list("state", "attempts")) == {("waiting", 1)}
    mail.refuses = ""
    assert mail_alarms(now=now) == 0, "it waits"
    assert mail_alarms(now=now + HOUR) == 1
    assert set(AlarmMail.objects.values_list("state", flat=True)) == {"sent"}


def test_a_server_that_is_away_is_tried_again(mail: SMTPServer, team: Team, settings: Any) -> None:
    some_alarms(team)
    now, url = timezone.now(), settings.MAIL_URL
    settings.MAILERS = {"default": mailer("smtp://127.0.0.1:9")}
    assert mail_alarms(now=now) == 0
    assert "refused" in AlarmMail.objects.values_list("error", flat=True)[0]
    settings.MAILERS = {"default": mailer(url)}
    assert mail_alarms(now=now + HOUR) == 1


def test_a_copy_mails_nothing_until_it_may(mail: SMTPServer, team: Team) -> None:
    some_alarms(team)
    hold_messages(why="a copy")
    assert mail_alarms() == 0
    assert not AlarmMail.objects.exists()
    resume_messages()
    assert mail_alarms() == 1


def test_a_site_without_mail_notes_nothing(team: Team) -> None:
    some_alarms(team)
    assert mail_alarms() == 0
    assert not AlarmMail.objects.exists()

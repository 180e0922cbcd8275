"""Monitors share a project's false alarms; people take up their alarms."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.monitor import InputsPlan
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.alarms import (
    acknowledge_alarm,
    assign_alarm,
    raise_alarm,
    resolve_alarm,
    snooze_alarm,
)
from evalhub.features.monitoring.ending import end_monitor
from evalhub.features.monitoring.errors import AlarmError, MonitorError
from evalhub.features.monitoring.false_alarms import false_alarms_left, set_false_alarms
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Alarm, Monitor, Resolution
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.monitoring.production import a_monitor
from tests.reviews.assignments.test_races import at_once

pytestmark = pytest.mark.django_db


def an_alarm(team: Team, subject: str = "errors") -> Alarm:
    monitor = Monitor.objects.running().first() or a_monitor(team)
    alarm = raise_alarm(
        monitor=monitor, subject=subject, sentence="It rose.", evidence={}, at=timezone.now()
    )
    assert alarm is not None
    return alarm


def test_shares_of_false_alarms_add_up_to_the_projects_and_no_further(team: Team) -> None:
    first = a_monitor(team, share=3)
    with pytest.raises(MonitorError, match="may raise 4 together, and 1 of them are left"):
        a_monitor(team, share=2, route="billing")
    a_monitor(team, share=1, route="billing")
    assert false_alarms_left(team.project) == 0
    with pytest.raises(MonitorError, match="take 4 a year"):
        set_false_alarms(project=team.project, by=team.olga, a_year=3)
    set_false_alarms(project=team.project, by=team.olga, a_year=6)
    assert false_alarms_left(team.project) == 2
    assert end_monitor(monitor=first, by=team.eva)
    assert not end_monitor(monitor=first, by=team.eva)
    assert false_alarms_left(team.project) == 5


def test_what_can_not_be_added_is_refused_with_its_field(team: Team) -> None:
    a_monitor(team)
    with pytest.raises(MonitorError, match=r"of: monitor .* watches it already"):
        a_monitor(team)
    with pytest.raises(DeclarationError, match="false_alarms_a_year"):
        a_monitor(team, share=0, route="chat")
    with pytest.raises(NotAllowedError, match="neither owner nor evaluator"):
        add_monitor(project=team.project, by=team.rui, plan=InputsPlan())
    with pytest.raises(MonitorError, match="owner: rui is neither"):
        add_monitor(project=team.project, by=team.eva, plan=InputsPlan(), owner=team.rui)
    with pytest.raises(NotAllowedError, match="Only an owner"):
        set_false_alarms(project=team.project, by=team.eva, a_year=5)
    assert Monitor.objects.count() == 1


def test_an_open_alarm_is_not_raised_again_and_a_resolved_one_may_be(team: Team) -> None:
    monitor, version, now = a_monitor(team), a_version(team), timezone.now()

    def rise(version: ModelVersion) -> Alarm | None:
        return raise_alarm(
            monitor=monitor,
            subject="errors",
            sentence="It rose.",
            evidence={},
            at=now,
            version=version,
        )

    alarm = rise(version)
    assert alarm is not None
    assert rise(version) is None
    assert rise(a_version(team, "tuned")), "a new champion's is another"
    twin = Alarm(monitor=monitor, subject="errors", version=version, evidence={}, raised=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    resolve_alarm(alarm=alarm, resolution=Resolution.FALSE, reason="A test.", by=team.eva)
    assert rise(version)


def test_people_take_an_alarm_up_and_the_log_says_who(team: Team) -> None:
    alarm, later = an_alarm(team), timezone.now() + timedelta(days=2)
    alarm = assign_alarm(alarm=alarm, owner=team.olga, by=team.eva)
    alarm = acknowledge_alarm(alarm=alarm, by=team.olga)
    assert acknowledge_alarm(alarm=alarm, by=team.eva).acknowledged_by == team.olga
    assert Alarm.objects.loud().exists()
    alarm = snooze_alarm(alarm=alarm, until=later, reason="The fix ships.", by=team.olga)
    assert not Alarm.objects.loud().exists()
    alarm = resolve_alarm(
        alarm=alarm, resolution=Resolution.MENDED, reason="It shipped.", by=team.olga
    )
    assert (alarm.owner, alarm.resolved_by) == (team.olga, team.olga)
    same = resolve_alarm(
        alarm=alarm, resolution=Resolution.MENDED, reason="It shipped.", by=team.olga
    )
    assert same.resolved == alarm.resolved
    actions = LogEntry.objects.filter(what__contains="errors").order_by("pk")
    assert [entry.action for entry in actions] == [
        "alarm-assigned",
        "alarm-acknowledged",
        "alarm-snoozed",
        "alarm-resolved",
    ]


def test_what_can_not_be_done_with_an_alarm_says_what_would_be_right(team: Team) -> None:
    alarm, now = an_alarm(team), timezone.now()
    with pytest.raises(AlarmError, match="until: is a time after now"):
        snooze_alarm(alarm=alarm, until=now, reason="Later.", by=team.eva)
    with pytest.raises(AlarmError, match="reason: who resolves an alarm says why"):
        resolve_alarm(alarm=alarm, resolution=Resolution.FALSE, reason=" ", by=team.eva)
    with pytest.raises(NotAllowedError):
        acknowledge_alarm(alarm=alarm, by=team.rui)
    resolve_alarm(alarm=alarm, resolution=Resolution.FALSE, reason="A test.", by=team.eva)
    with pytest.raises(AlarmError, match=r"it was resolved on .* by eva: it was a false alarm"):
        acknowledge_alarm(alarm=alarm, by=team.olga)
    with pytest.raises(IntegrityError, match="resolved once"), transaction.atomic():
        Alarm.objects.update(resolution=Resolution.MENDED)


def test_who_reviews_blindly_sees_no_alarm_and_can_not_be_made_its_owner(team: Team) -> None:
    alarm = an_alarm(team)
    assert Alarm.objects.visible_to(team.eva).get() == alarm
    assert not Alarm.objects.visible_to(team.rui).exists()
    with pytest.raises(MonitorError, match="owner: rui is neither owner nor evaluator"):
        assign_alarm(alarm=alarm, owner=team.rui, by=team.eva)


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_count_and_alarm_once(team: Team) -> None:
    monitor = a_monitor(team)
    looks = at_once([lambda: look(monitor), lambda: look(monitor)])
    assert sorted(looks) in ([False, True], [True, True])
    assert monitor.notices.count() == 1
    monitor.refresh_from_db()
    assert (monitor.lease_token, monitor.looked is None) == (None, False)

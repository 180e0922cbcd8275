"""A monitor of inputs, week by week: what it raises, and what it waits for."""

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from evalhub.features.monitoring.alarms import resolve_alarm
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Alarm, Check, Monitor, Notice, Resolution
from tests.cast import Team
from tests.features.monitoring.inputs.weeks import MONDAY, WEEK, routes, sent, watched

pytestmark = pytest.mark.django_db

BEFORE = {"chat": 0.8, "billing": 0.1, "search": 0.1}


def reference_sent(team: Team, **more: int) -> None:
    for weeks_ago in (4, 3, 2, 1):
        sent(team, weeks_ago, routes(BEFORE), **{"users": 200} | more)


def open_notices() -> list[str]:
    return list(Notice.objects.filter(ended=None).values_list("kind", flat=True))


def test_a_shift_of_20_points_is_an_alarm_that_names_the_slice_once(team: Team) -> None:
    reference_sent(team)
    sent(team, 0, routes({"chat": 0.6, "billing": 0.3, "search": 0.1}), users=400)
    monitor = watched(team)
    for _ in range(2):
        look(monitor)
    alarm = Alarm.objects.get()
    assert (alarm.subject, alarm.since) == ("route", MONDAY)
    assert "route billing grew from 10% to 30%" in alarm.sentence
    assert alarm.evidence["lower"] > alarm.evidence["threshold"] == 0.1
    check = Check.objects.get()
    assert (check.key, check.is_alarm) == (MONDAY.isoformat(), True)


def test_a_slow_drift_is_an_alarm_once_it_is_large_enough(team: Team) -> None:
    """Four points more of the bills a week, by the same reference: neither does the reference
    follow, nor is the week before what a week is compared with."""
    for weeks_ago in range(10, -1, -1):
        moved = 0.04 * max(7 - weeks_ago, 0)
        sent(team, weeks_ago, routes(BEFORE | _shares(moved)), users=300)
    monitor = watched(team)
    Monitor.objects.filter(pk=monitor.pk).update(created=timezone.now() - 7 * WEEK)
    raised = []
    for weeks_ago in range(6, -1, -1):
        look(monitor, now=timezone.now() - weeks_ago * WEEK)
        raised.append(Alarm.objects.count())
    assert raised[0] == 0
    assert raised[-1] == 1
    assert 4 <= raised.index(1) <= 6, "16 points aren't surely a PSI of 0.1, and 28 are"


def _shares(moved: float) -> dict[str, float]:
    return {"chat": 0.8 - moved, "billing": 0.1 + moved}


def test_a_week_that_a_clock_ahead_compared_too_early_is_compared_again(team: Team) -> None:
    reference_sent(team)
    sent(team, 0, routes(BEFORE), users=100)
    monitor = watched(team)
    ahead = datetime.combine(MONDAY + 2 * WEEK, time(12), UTC)
    look(monitor, now=ahead)
    assert not Check.objects.get().is_alarm
    later = {"chat": 0.2, "billing": 0.7, "search": 0.1}
    sent(team, 0, routes(later), users=400, key="late")
    for _ in range(2):
        look(monitor, now=ahead - timedelta(hours=1))
    assert Check.objects.get().is_alarm
    assert Alarm.objects.count() == 1


def test_an_alarm_says_where_to_sample(team: Team, client: Client) -> None:
    reference_sent(team)
    sent(team, 0, routes({"chat": 0.6, "billing": 0.3, "search": 0.1}), users=400)
    look(watched(team))
    sample = Alarm.objects.get().evidence["sample"]
    assert sample["typed"] == (
        f"evalhub traffic sample --project support-desk --n 500 --since {MONDAY}T00:00:00+00:00 "
        f"--until {MONDAY + WEEK}T00:00:00+00:00 --where route=billing"
    )
    client.force_login(team.eva)
    page = client.get(sample["page"]).content.decode()
    assert 'value="billing"' in page
    assert f'value="{MONDAY}T00:00"' in page


def test_what_was_meant_begins_another_reference(team: Team) -> None:
    reference_sent(team)
    sent(team, 0, routes({"chat": 0.6, "billing": 0.3, "search": 0.1}), users=400)
    monitor = watched(team)
    look(monitor)
    alarm = Alarm.objects.get()
    resolve_alarm(alarm=alarm, resolution=Resolution.MEANT, reason="A launch.", by=team.eva)
    sent(team, -1, routes({"chat": 0.6, "billing": 0.3, "search": 0.1}), users=100)
    look(monitor, now=timezone.now() + WEEK)
    newest = Check.objects.order_by("-key")[0]
    assert (newest.is_alarm, newest.report["waiting"]) == (False, ["route"])


def test_users_who_ask_often_raise_nothing(team: Team) -> None:
    """Five requests of each of 60 users a week, who have a route of their own: the requests are
    worth a fifth of as many."""
    rng = np.random.default_rng(3)
    for weeks_ago in (4, 3, 2, 1, 0):
        own = rng.choice(["chat", "billing", "search"], size=60, p=[0.5, 0.3, 0.2])
        fields = [{"route": str(route), "user": f"{weeks_ago}-{n}"} for n, route in enumerate(own)]
        sent(team, weeks_ago, lambda user, _, of=fields: of[user], users=60, requests=5)
    look(watched(team, size=0.001))
    (test,) = Check.objects.get().report["tests"]
    assert not Alarm.objects.exists()
    assert test["design_effect"] == pytest.approx(5, rel=0.3)


def test_a_slice_that_the_reference_never_had_is_named(team: Team) -> None:
    """It has no request there, so the index is as large as half a request makes it."""
    reference_sent(team)
    sent(team, 0, routes({"chat": 0.6, "billing": 0.1, "search": 0.1, "launch": 0.2}), users=400)
    look(watched(team))
    assert "route launch grew from 0% to 20%" in Alarm.objects.get().sentence


def test_three_requests_a_day_are_too_few_and_none_is_no_traffic(team: Team) -> None:
    monitor = watched(team)
    look(monitor)
    assert open_notices() == ["no-traffic"]
    sent(team, 0, routes(BEFORE), users=21)
    look(monitor)
    assert open_notices() == ["too-few"]
    assert not Check.objects.exists()
    assert not Alarm.objects.exists()


def test_weeks_that_are_not_complete_wait(team: Team) -> None:
    """Neither is the week that goes on looked at, nor the last one before its late rows came; and
    without four weeks before it there is nothing to compare with."""
    for weeks_ago in (1, 0, -1):
        sent(team, weeks_ago, routes(BEFORE), users=60)
    monitor = watched(team)
    look(monitor)
    check = Check.objects.get()
    assert check.key == MONDAY.isoformat()
    assert check.report["sentence"] == "The reference of route isn't complete yet."
    assert Monitor.objects.get().due <= timezone.now() + timedelta(days=1)

"""The pages of monitors and alarms, and home's first lines."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.features.monitoring.alarms import snooze_alarm
from evalhub.features.monitoring.models import Alarm, Monitor, MonitoringSettings, NoticeKind
from evalhub.features.monitoring.notices import set_notices
from tests.cast import Team
from tests.features.monitoring.monitors_of import (
    a_champion,
    a_monitor,
    a_notice,
    a_stream,
    a_watched_project,
    an_alarm,
    looked,
)
from tests.features.traffic.test_pages import read
from tests.site.test_query_counts import queries

pytestmark = pytest.mark.django_db


def listed(team: Team) -> str:
    return reverse("site:monitors", args=[team.project.slug])


def of(monitor: Monitor) -> str:
    return reverse("site:monitor", args=[monitor.pk])


def act(client: Client, row: Alarm | Monitor, **form: str) -> tuple[int, str]:
    """What comes of a form on its page, and how the next page reads."""
    name = "site:change_alarm" if isinstance(row, Alarm) else "site:change_monitor"
    response = client.post(reverse(name, args=[row.pk]), form, follow=True)
    return response.status_code, read(response.text)


def test_a_project_without_a_monitor_isn_t_called_well(eva: Client, team: Team) -> None:
    page = read(eva.get(listed(team)).text)
    assert "? Nothing is monitored" in page
    assert "4 of 4 left" in page
    assert "✓" not in page


def test_what_is_amiss_stands_first(eva: Client, team: Team) -> None:
    monitor, alarm = a_watched_project(team)
    page = read(eva.get(listed(team)).text)
    assert "✗ 1 alarm is open" in page
    assert alarm.sentence in page
    assert "eva answers for it" in page
    assert "2.5 of 4 left" in page
    assert page.index("1 alarm is open") < page.index("Slow requests") < page.index("2.5 of 4 left")
    page = read(eva.get(of(monitor)).text)
    assert "Errors ✗ 4.6% reference 2%" in page
    assert "Slow requests ✓ 5.5% reference 5%" in page
    assert "Day (UTC) Users Value 95% interval" in page
    sliced = read(eva.get(of(monitor), {"of": "route:billing"}).text)
    assert "Errors route billing ✓ 2.2%" in sliced
    assert "Thumbs down ✓" not in sliced


def test_what_is_absent_is_said_and_never_well(eva: Client, team: Team) -> None:
    version = a_champion(team)
    monitor = a_monitor(team)
    a_stream(monitor, version)
    assert "✓" not in read(eva.get(listed(team)).text), "it hasn't looked yet"
    looked(monitor)
    assert "✓ No alarm is open" in read(eva.get(listed(team)).text)
    a_notice(monitor)
    for page in (listed(team), of(monitor)):
        text = read(eva.get(page).text)
        assert "? No request came since 28 Nov: nothing can be said of errors or cost." in text
        assert "can’t say" in text
        assert "✓" not in text.replace("✓: no change worth an alarm is proven", "")
    assert "No alarm, but 1 monitor can’t say anything" in read(eva.get(listed(team)).text)


def test_a_stream_whose_days_stopped_is_not_well(eva: Client, team: Team) -> None:
    monitor = looked(a_monitor(team))
    stream = a_stream(monitor, a_champion(team))
    stream.days.filter(day__gt=timezone.now().date() - timedelta(days=5)).delete()
    assert "Nothing was measured since" in read(eva.get(of(monitor)).text)
    stream.days.all().delete()
    assert "Nothing was measured yet" in read(eva.get(of(monitor)).text)


def test_home_says_it_before_anything_else(eva: Client, team: Team) -> None:
    assert "Amiss" not in eva.get("/").text
    monitor, alarm = a_watched_project(team)
    a_notice(monitor)
    page = read(eva.get("/").text)
    assert page.index("Amiss in production") < page.index("What runs now")
    assert page.index(alarm.sentence) < page.index("No request came since 28 Nov")
    until = timezone.now() + timedelta(days=7)
    snooze_alarm(alarm=alarm, until=until, reason="Known.", by=team.eva)
    page = read(eva.get("/").text)
    assert alarm.sentence not in page
    assert "Snoozed: 1 alarm of Support desk" in page
    assert "Nothing waits for you" not in page
    set_notices(monitor, {}, now=timezone.now())
    page = read(eva.get("/").text)
    assert "Amiss" not in page
    assert "Snoozed: 1 alarm of Support desk" in page


def test_every_page_of_production_names_an_open_alarm(eva: Client, team: Team) -> None:
    _, alarm = a_watched_project(team)
    path = reverse("site:production_figures", args=[team.project.slug])
    assert alarm.sentence in read(eva.get(path).text)
    until = timezone.now() + timedelta(days=7)
    snooze_alarm(alarm=alarm, until=until, reason="Known.", by=team.eva)
    assert alarm.sentence not in read(eva.get(path).text)


def test_home_counts_what_it_doesn_t_name(eva: Client, team: Team) -> None:
    version = a_champion(team)
    monitor = a_monitor(team, slices="route")
    for number in range(7):
        an_alarm(a_stream(monitor, version, slice_value=f"r{number}"))
    page = read(eva.get("/").text)
    assert page.count("errors, route r") + page.count("Errors rose") == 5
    assert "These are the newest. All: Support desk (7 alarms, 0 notices)" in page


def test_a_reviewer_and_a_stranger_see_none_of_it(
    rui: Client, stranger: Client, team: Team
) -> None:
    monitor, alarm = a_watched_project(team)
    for page in (listed(team), of(monitor), reverse("site:alarm", args=[alarm.pk])):
        answer = rui.get(page)
        assert answer.status_code == 403
        assert alarm.sentence not in answer.text
        assert stranger.get(page).status_code == 403
    for client in (rui, stranger):
        home = client.get("/", follow=True).text
        assert alarm.sentence not in home
        assert "Amiss" not in home


def test_an_alarm_is_acknowledged_assigned_snoozed_and_resolved(eva: Client, team: Team) -> None:
    _, alarm = a_watched_project(team)
    code, page = act(eva, alarm, verb="acknowledge")
    assert (code, "by eva." in page) == (200, True)
    assert "olga answers for it" in act(eva, alarm, verb="assign", owner="olga")[1]
    code, page = act(eva, alarm, verb="snooze", days="7", reason=" ")
    assert (code, "Not done: reason: who keeps an alarm quiet says why" in page) == (409, True)
    assert "say for how long" in act(eva, alarm, verb="snooze", days="9", reason="x")[1]
    assert "Quiet until" in act(eva, alarm, verb="snooze", days="7", reason="A launch.")[1]
    assert alarm.sentence in read(eva.get(listed(team)).text)
    assert "1 snoozed" in read(eva.get(listed(team)).text)
    assert "say what became of it" in act(eva, alarm, verb="resolve", reason="x")[1]
    form = {"verb": "resolve", "resolution": "mended", "reason": "The cache is back."}
    assert "resolved: it was mended" in act(eva, alarm, **form)[1]
    code, page = act(eva, alarm, verb="acknowledge")
    assert (code, "it was resolved on" in page) == (409, True)
    assert "The cache is back." in read(eva.get(of(alarm.monitor)).text)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"verb": "assign", "owner": "rui"}, "nobody who is called 'rui' is an owner or evaluator"),
        ({"verb": "assign", "owner": "sam"}, "nobody who is called 'sam'"),
        ({"verb": "resolve", "resolution": "mended", "reason": "x" * 2001}, "2,000 characters"),
        ({"verb": "resolve", "resolution": "gone", "reason": "x"}, "mended, meant or false"),
        ({"verb": "fly"}, "Say what is to be done."),
    ],
)
def test_a_wrong_act_is_answered_with_what_would_be_right(
    eva: Client, team: Team, form: dict[str, str], words: str
) -> None:
    _, alarm = a_watched_project(team)
    code, page = act(eva, alarm, **form)
    assert code in (400, 409)
    assert words in page


def test_a_monitor_is_added_and_ended(eva: Client, team: Team) -> None:
    new = reverse("site:new_monitor", args=[team.project.slug])
    form = {
        "false_alarms_a_year": "0.5", "owner": str(team.olga.pk), "margin_errors": "0.02",
        "margin_slow": "0.05", "slow_ms": "2000", "slices": "route", "feedback_hours": "24",
    }  # fmt: skip
    page = read(eva.post(f"{new}?of=operations", form, follow=True).text)
    assert "Operations are watched from now on." in page
    monitor = Monitor.objects.get()
    assert [each.metric for each in monitor.plan.measures] == ["errors", "slow"]
    assert (monitor.owner, monitor.false_alarms_a_year) == (team.olga, 0.5)
    assert "hasn’t looked yet" in page
    assert "It looks within half a minute." in act(eva, monitor, verb="look")[1]
    assert "It has ended. What it found stays." in act(eva, monitor, verb="end")[1]
    assert "nothing looks any more" in act(eva, monitor, verb="look")[1]
    assert "Ended monitors" in read(eva.get(listed(team)).text)


@pytest.mark.parametrize(
    ("kind", "form", "words"),
    [
        ("operations", {"margin_slow": "0.1"}, "says from when on a request is slow"),
        ("operations", {"margin_errors": "0"}, "must be above 0"),
        ("operations", {}, "is empty"),
        ("operations", {"false_alarms_a_year": "5", "margin_errors": "0.1"}, "4 of them are left"),
        ("operations", {"false_alarms_a_year": "0", "margin_errors": "0.1"}, "0.01 or more"),
        ("quality", {"measures": "json_valid", "sample": "100"}, "json_valid=0.02"),
        ("answers", {"every_hours": "24"}, "promoted by no decision"),
        ("inputs", {"size": "0", "auc": "0.6", "by": ["language"]}, "must be above 0"),
    ],
)
def test_a_wrong_plan_is_answered_at_its_field(
    eva: Client, team: Team, kind: str, form: dict[str, str], words: str
) -> None:
    new = f"{reverse('site:new_monitor', args=[team.project.slug])}?of={kind}"
    response = eva.post(new, {"false_alarms_a_year": "1", "feedback_hours": "24", **form})
    assert response.status_code == 400
    assert words in read(response.text)
    assert not Monitor.objects.exists()


def test_an_unknown_kind_is_not_there(eva: Client, team: Team) -> None:
    new = reverse("site:new_monitor", args=[team.project.slug])
    assert eva.get(f"{new}?of=moods").status_code == 404


def test_an_owner_sets_how_many_false_alarms_there_may_be(
    olga: Client, eva: Client, team: Team
) -> None:
    path = reverse("site:false_alarms", args=[team.project.slug])
    assert eva.post(path, {"false_alarms_a_year": "9"}).status_code == 403
    assert "2.5 of 2.5 left" in read(
        olga.post(path, {"false_alarms_a_year": "2,5"}, follow=True).text
    )
    a_monitor(team, share=2)
    for value, words in (("1", "running monitors take 2"), ("many", "is no number"), ("0", "0")):
        response = olga.post(path, {"false_alarms_a_year": value})
        assert response.status_code == 409
        assert words in read(response.text)
    assert MonitoringSettings.objects.get().false_alarms_a_year == 2.5


def test_pages_ask_equally_often_however_much_there_is(eva: Client, team: Team) -> None:
    monitor, alarm = a_watched_project(team)
    pages = [listed(team), of(monitor), reverse("site:alarm", args=[alarm.pk]), "/"]
    eva.get(listed(team))
    before = [queries(eva, page) for page in pages]
    version = alarm.version
    assert version is not None
    for number in range(5):
        an_alarm(a_stream(monitor, version, "errors", slice_value=f"r{number}"))
    set_notices(
        monitor,
        dict.fromkeys((NoticeKind.NO_JUDGE, NoticeKind.NO_LABELS), "x"),
        now=timezone.now(),
    )
    after = [queries(eva, page) for page in pages]
    assert all(b <= a for a, b in zip(before, after, strict=True)), (before, after)

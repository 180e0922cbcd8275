"""Operations of the champion: counted by day, judged against its own first days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evalhub.features.monitoring.alarms import resolve_alarm
from evalhub.features.monitoring.looking import look, look_at_monitors
from evalhub.features.monitoring.models import Alarm, Monitor, Resolution, Stream, StreamDay
from evalhub.features.traffic.rows import SignalRow
from evalhub.features.traffic.served import state_served_version
from evalhub.ledger.models import Promotion
from tests.cast import Team, a_version
from tests.features.monitoring.production import a_champion, a_monitor, at, days_ago, send
from tests.features.traffic.rows_of import a_request, taken

pytestmark = pytest.mark.django_db
USERS = 260


def usual(number: int) -> int:
    """About 2% of them fail."""
    return (5, 3, 7, 4, 6, 5, 6)[number % 7]


def worse(number: int) -> int:
    """And 5% do."""
    return usual(number) + 8


def notices(monitor: Monitor) -> dict[str, str]:
    return {notice.kind: notice.sentence for notice in monitor.notices.filter(ended=None)}


def test_three_points_more_errors_raise_one_alarm_once_until_it_is_resolved(team: Team) -> None:
    days = [days_ago(number) for number in range(27, 0, -1)]
    a_champion(team, since=days[0])
    monitor = a_monitor(team)
    send(team, days[:18], users=USERS, errors=usual)
    assert look(monitor, now=at(days[18]))
    assert not Alarm.objects.exists()
    send(team, days[18:26], users=USERS, errors=worse)
    for day in (*days[19:27], days[26]):
        look(monitor, now=at(day))
    (alarm,) = Alarm.objects.all()
    assert alarm.since is not None
    assert days[17] <= alarm.since <= days[19]
    assert alarm.raised.date() < days[26], "it takes fewer than eight days"
    assert "base v1: requests with an error rose from 2.0% to" in alarm.sentence
    assert alarm.evidence["evidence"] >= alarm.evidence["threshold"] == 365.25
    assert alarm.evidence["lower"] > alarm.evidence["margin"] == 0.02

    now = at(days[26])
    resolve_alarm(alarm=alarm, resolution=Resolution.FALSE, reason="No.", by=team.eva, now=now)
    look(monitor, now=timezone.now())
    assert Alarm.objects.count() == 1, "what came before it was resolved counts no more"
    assert Stream.objects.get().since == days[0], "the reference is the same"


@pytest.mark.heavy
def test_a_change_that_was_meant_begins_a_reference_of_its_own(team: Team) -> None:
    days = [days_ago(number) for number in range(26, 0, -1)]
    a_champion(team, since=days[0])
    monitor = a_monitor(team)
    send(team, days[:16], users=USERS, errors=usual)
    send(team, days[16:], users=USERS, errors=worse)
    look(monitor, now=at(days[25]))
    (alarm,) = Alarm.objects.all()
    resolve_alarm(alarm=alarm, resolution=Resolution.MEANT, reason="A new tool.", by=team.eva)
    old, new = Stream.objects.order_by("pk")
    assert (old.ended, new.since, new.ended) == (days[25], days[25], None)
    look(monitor)
    assert [row.day for row in new.days.all()] == [days[25]]
    assert "nothing can be said of errors" in notices(monitor)["too-few"]
    assert not Alarm.objects.open().exists()


def test_a_version_that_is_rolled_back_to_and_promoted_again_on_one_day_is_watched(
    team: Team,
) -> None:
    old, new = a_version(team, "old"), a_version(team, "new")
    monitor = a_monitor(team)
    for name, version in (("old-7b", old), ("new-7b", new)):
        state_served_version(
            project=team.project, by=None, name=name, version=version, since=at(days_ago(9))
        )
    for version in (old, new, old, new):
        Promotion.objects.create(
            project=team.project,
            version=version,
            by=team.olga,
            reason="Once more.",
            before=Promotion.objects.current(team.project),
        )
        for _ in range(2):
            look(monitor)
        (stream,) = Stream.objects.filter(ended=None)
        assert stream.version == version
    assert Stream.objects.count() == 2


def test_three_requests_a_day_are_a_notice_and_never_an_alarm(team: Team) -> None:
    a_champion(team, since=days_ago(30))
    monitor = a_monitor(team, "errors", "requests", "tokens", "cost", "thumbs_down", "retries")
    days = [days_ago(number) for number in range(30, 0, -1)]
    send(team, days[:20], users=3)
    send(team, days[20:], users=3, errors=lambda number: 3)
    look(monitor, now=timezone.now())
    assert not Alarm.objects.exists()
    assert "nothing can be said of errors" in notices(monitor)["too-few"]


def test_without_a_champion_or_traffic_it_says_so_for_as_long_as_it_is_so(team: Team) -> None:
    monitor = a_monitor(team)
    look(monitor)
    assert notices(monitor) == {"no-champion": "The project has no champion: promote one."}
    a_champion(team, since=days_ago(3))
    look(monitor)
    assert notices(monitor)["no-traffic"] == "No request of base v1 has come yet."
    taken(team.project, [a_request("now", time=timezone.now() - timedelta(minutes=5))])
    look(monitor)
    assert notices(monitor).keys() == {"too-few"}
    assert monitor.notices.count() == 3


def test_a_route_on_which_nothing_comes_any_more_says_so(team: Team) -> None:
    a_champion(team, since=days_ago(3))
    monitor = a_monitor(team, route="search")
    taken(team.project, [a_request("other", time=timezone.now() - timedelta(minutes=5))])
    look(monitor)
    assert notices(monitor)["no-traffic"] == "No request of base v1, route search, has come yet."
    now = timezone.now() - timedelta(minutes=5)
    taken(team.project, [a_request("own", time=now, route="search")])
    look(monitor)
    assert "no-traffic" not in notices(monitor)


def test_the_champions_own_requests_count_and_no_mirrored_copy_and_no_other_versions(
    team: Team,
) -> None:
    day = days_ago(2)
    a_champion(team, since=day)
    monitor = a_monitor(team, "errors", "requests")
    own = [a_request(f"a{i}", time=at(day), user=f"u{i % 2}") for i in range(3)]
    alone = [a_request(f"b{i}", time=at(day), error_type="timeout") for i in range(2)]
    copy = a_request("c", time=at(day), user="u1", mirror_of="a1")
    other = a_request("d", time=at(day), user="u9", model="challenger")
    taken(team.project, [*own, *alone, copy, other])
    look(monitor)
    row = StreamDay.objects.get(day=day, stream__metric="errors")
    assert (row.users, row.y, row.x) == (4, 2, 5), "a request without a user is one"
    assert (row.yy, row.xy, row.xx) == (2, 2, 4 + 1 + 2)
    number = StreamDay.objects.get(day=day, stream__metric="requests")
    assert (number.users, number.y, number.x) == (5, 6, 1), "whoever answers them"
    assert number.yy == 4 + 1 + 1 + 2


def test_a_day_is_counted_again_when_requests_come_late_and_one_to_come_waits(team: Team) -> None:
    day = days_ago(3)
    a_champion(team, since=day)
    monitor = a_monitor(team)
    taken(team.project, [a_request("a", time=at(day), user="u")])
    look(monitor)
    assert StreamDay.objects.get(day=day).x == 1
    soon = timezone.now() + timedelta(minutes=30)
    taken(team.project, [a_request("b", time=at(day), user="u"), a_request("c", time=soon)])
    look(monitor)
    assert StreamDay.objects.get(day=day).x == 2
    assert not StreamDay.objects.filter(day__gt=days_ago(1)).exists(), "today isn't over"
    look(monitor, now=at(days_ago(2), 1))  # a clock that jumps back
    look(monitor, now=timezone.now() + timedelta(days=40))
    assert Monitor.objects.due().get() == monitor, "it was looked at by a clock that was ahead"
    look_at_monitors()
    monitor.refresh_from_db()
    assert monitor.due < timezone.now() + timedelta(hours=1)


def test_feedback_counts_once_its_day_had_its_time(team: Team) -> None:
    day = days_ago(1)
    a_champion(team, since=day)
    monitor = a_monitor(team, "thumbs_down", "retries", "refusals")
    taken(
        team.project,
        [a_request("a", time=at(day, 1), user="u"), a_request("b", time=at(day, 1), user="v")],
        [
            SignalRow(id="1", time=at(day, 2), name="thumb", value=0.0, request="a"),
            SignalRow(id="2", time=at(day, 2), name="retry", request="a"),
            SignalRow(id="3", time=at(day, 2), name="refusal", value=0.0, request="b"),
        ],
    )
    look(monitor)
    sums = {row.stream.metric: (row.y, row.x) for row in StreamDay.objects.filter(day=day)}
    assert sums == {"thumbs_down": (1, 2), "retries": (1, 2), "refusals": (0, 2)}
    assert not monitor.days.get(day=day).closed


def test_slices_are_the_largest_of_the_reference_and_half_of_the_false_alarms_theirs(
    team: Team,
) -> None:
    days = [days_ago(number) for number in range(20, 0, -1)]
    a_champion(team, since=days[0])
    monitor = a_monitor(team, slices="route")
    for number in range(12):
        send(team, days[:5], users=14 - number, key=f"r{number}", route=f"route{number}")
    look(monitor)
    sliced = monitor.streams.exclude(slice_kind="")
    assert set(sliced.values_list("slice_value", flat=True)) == {f"route{n}" for n in range(10)}
    assert sliced.get(slice_value="route3").days.get(day=days[0]).x == 11
    assert monitor.streams.get(slice_kind="").days.get(day=days[0]).x == sum(range(3, 15))


def test_fewer_requests_are_an_alarm_and_a_day_without_any_is_a_notice(team: Team) -> None:
    days = [days_ago(number) for number in range(24, 0, -1)]
    a_champion(team, since=days[0])
    monitor = a_monitor(team, "requests", margin=0.2)
    for day in days[:18]:
        send(team, [day], users=60 + day.day % 5)
    for day in days[18:22]:
        send(team, [day], users=30 + day.day % 5)
    look(monitor, now=at(days[22], 1))
    (alarm,) = Alarm.objects.all()
    assert "base v1: requests a day fell from 6" in alarm.sentence
    look(monitor)
    assert notices(monitor).keys() == {"no-traffic"}
    assert Alarm.objects.count() == 1


def test_texts_are_not_needed_and_a_new_champion_has_streams_of_its_own(team: Team) -> None:
    a_champion(team, since=days_ago(20))
    monitor = a_monitor(team)
    look(monitor)
    version = a_champion(team, since=days_ago(5), name="support-8b", model="tuned")
    look(monitor)
    old, new = Stream.objects.order_by("pk")
    assert (old.ended, new.ended) == (days_ago(0), None)
    assert (new.version, new.since) == (version, days_ago(5))

"""A batch is stored whole; a row once, however often it comes; what isn't taken is counted."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils import timezone as django_time

from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.models import RefusedRows, Request, Signal, TrafficSettings
from evalhub.features.traffic.rows import TrafficSource
from tests.cast import Team, a_team
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken


def test_a_request_is_stored_as_it_was_sent(team: Team) -> None:
    row = a_request(
        conversation='a "quoted" \\ name, {with} braces',
        turn=3,
        prompt_tokens=200,
        completion_tokens=50,
        latency_ms=812.25,
        cost_usd=0.1 + 0.2,
        aborted=True,
        tags=("ä", 'b"', "NULL", ""),
        route="NULL",
        model="日本\n語",
        user="olga@example.org",
    )
    assert taken(team.project, [row]).requests == 1
    stored = Request.objects.get()
    names = ("conversation", "turn", "prompt_tokens", "cached_tokens", "latency_ms", "cost_usd")
    for name in (*names, "aborted", "route", "time", "arm", "digest", "first_token_ms"):
        assert getattr(stored, name) == getattr(row, name), name
    assert stored.tags == list(row.tags)
    assert (stored.model_name, stored.key, stored.day) == (row.model, "r1", row.time.date())


def test_its_day_is_that_of_utc(team: Team) -> None:
    late = datetime.combine(noon().date(), datetime.min.time(), timezone(timedelta(hours=9)))
    taken(team.project, [a_request(time=late)])
    stored = Request.objects.get()
    assert (stored.time, stored.day) == (late, noon(2).date())


def test_a_user_is_stored_as_a_hash_of_the_project_s_own_salt(team: Team) -> None:
    other = a_team("Other", "other")
    for project in (team.project, other.project):
        taken(project, [a_request(user="olga@example.org"), a_request("r2", user_hash="0" * 32)])
    hashes = Request.objects.filter(key="r1").values_list("user_hash", flat=True)
    assert len(set(hashes)) == 2
    assert all(len(each) == 32 and "olga" not in each for each in hashes)
    assert set(Request.objects.filter(key="r2").values_list("user_hash", flat=True)) == {"0" * 32}
    salts = TrafficSettings.objects.values_list("salt", flat=True)
    assert len(set(salts)) == 2


def test_the_same_batch_again_changes_nothing(team: Team) -> None:
    requests = [a_request(f"r{n}", tags=("a",), cost_usd=0.1) for n in range(5)]
    signals = [a_signal("s1", request="r1"), a_signal("s2", request="later")]
    first = taken(team.project, requests, signals)
    assert (first.requests, first.signals, first.there_already, first.waiting) == (5, 2, 0, 1)
    again = taken(team.project, requests, signals, source=TrafficSource.FILE)
    assert (again.requests, again.signals, again.there_already, again.waiting) == (0, 0, 7, 0)
    assert list(again.flaws) == []
    assert (Request.objects.count(), Signal.objects.count()) == (5, 2)


def test_a_row_twice_in_a_batch_is_one(team: Team) -> None:
    result = taken(team.project, [a_request(), a_request()], [a_signal(), a_signal()])
    assert (result.requests, result.signals, result.there_already) == (1, 1, 2)


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_the_same_id_with_other_content_is_a_flaw_and_changes_nothing(
    team: Team, together: bool
) -> None:
    first, other = a_request(latency_ms=5.0), a_request(latency_ms=6.0, route="chat")
    if together:
        result = taken(team.project, [first, other])
    else:
        taken(team.project, [first])
        result = taken(team.project, [a_request("r2"), other])
    (flaw,) = result.flaws
    assert (flaw.line, flaw.reason, flaw.field) == (2, FlawReason.OTHER_CONTENT, "latency_ms")
    assert flaw.message == (
        "the id r1 was taken with another latency_ms and route; nothing was changed"
    )
    assert Request.objects.get(key="r1").latency_ms == 5


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
@pytest.mark.parametrize("days", [-1, 1])
def test_the_same_id_on_the_day_before_or_after_is_a_flaw(
    team: Team, together: bool, days: int
) -> None:
    first, other = a_request(time=noon(5)), a_request(time=noon(5 - days))
    if together:
        result = taken(team.project, [first, other])
    else:
        taken(team.project, [first])
        result = taken(team.project, [other])
    (flaw,) = result.flaws
    assert (flaw.reason, flaw.field) == (FlawReason.OTHER_DAY, "id")
    assert flaw.message == f"the id r1 was taken on {noon(5).date()}"
    assert Request.objects.count() == 1


def test_the_same_id_days_later_is_another_request(team: Team) -> None:
    assert taken(team.project, [a_request(time=noon(5)), a_request(time=noon(3))]).requests == 2


def test_another_project_may_have_the_same_ids(team: Team) -> None:
    other = a_team("Other", "other").project
    rows = [a_request()], [a_signal(request="r1")]
    assert taken(team.project, *rows).requests == taken(other, *rows).requests == 1
    assert taken(other, [a_request(time=noon(2))]).flaws[0].reason == FlawReason.OTHER_DAY


@pytest.mark.parametrize(
    ("time", "reason", "message"),
    [
        (lambda: django_time.now() + timedelta(minutes=61), FlawReason.CLOCK_AHEAD, "is ahead of"),
        (lambda: noon(92), FlawReason.TOO_OLD, "the first day that is kept"),
        (lambda: datetime(1970, 1, 1, tzinfo=UTC), FlawReason.TOO_OLD, "1970-01-01 is before"),
    ],
)
def test_a_clock_that_is_wrong_is_a_flaw(team: Team, time, reason, message) -> None:  # type: ignore[no-untyped-def]
    result = taken(team.project, [a_request(time=time()), a_request("r2")], [a_signal(time=time())])
    assert [(flaw.reason, flaw.field) for flaw in result.flaws] == [(reason, "time")] * 2
    assert message in result.flaws[0].message
    assert (result.requests, result.signals) == (1, 0)


def test_a_clock_may_be_some_minutes_ahead(team: Team) -> None:
    row = a_request(time=django_time.now() + timedelta(minutes=55))
    assert taken(team.project, [row]).requests == 1


def test_a_year_is_the_most_that_is_taken_whatever_a_project_keeps(team: Team) -> None:
    TrafficSettings.objects.create(project=team.project, salt="s", days=1000)
    result = taken(team.project, [a_request(time=noon(364)), a_request("r2", time=noon(367))])
    assert [flaw.reason for flaw in result.flaws] == [FlawReason.TOO_OLD]
    assert result.requests == 1


def test_what_is_not_taken_is_counted_by_reason_with_that_of_the_door(team: Team) -> None:
    unread = Flaw(7, FlawReason.NOT_JSON, "the line isn't JSON")
    result = taken(team.project, [a_request("r1", time=noon(500))], flaws=[unread])
    assert [flaw.line for flaw in result.flaws] == [1, 7]
    taken(team.project, flaws=[unread, unread], source=TrafficSource.REST)
    counts = RefusedRows.objects.values_list("reason", "rows", "example", "day")
    today = django_time.now().date()
    assert set(counts) == {
        ("not a JSON object", 3, "the line isn't JSON", today),
        ("its time is too long ago", 1, str(result.flaws[0]), today),
    }


def test_an_empty_batch_is_taken(team: Team) -> None:
    assert taken(team.project).requests == 0

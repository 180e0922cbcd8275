"""Users' sums by day are a recount of the stored requests, however these came."""

import random
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.features.experiments.counting.due import count_arrivals, count_days, due_days
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.models import CountedDay, Experiment, UserDay
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.rows import RequestRow, SignalRow
from tests.cast import Team
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    CHAMPION,
    a_plan,
    an_experiment,
    since,
)
from tests.features.experiments.recount import assert_counted
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PLAN = {
    "primary": {"metric": "signal:resolved", "higher_is_better": True, "planned_gain": 0.1},
    "guards": [
        {"metric": "slow", "margin": 0.05},
        {"metric": "signal:stars", "per": "signal", "margin": 1, "higher_is_better": True},
    ],
    "slow_ms": 400.0,
    "route": "chat",
    "feedback_hours": 20,
}


def counted(experiment: Experiment, now: datetime | None = None) -> bool:
    """Counts what is due, as the timer does."""
    now = now or timezone.now()
    experiment.refresh_from_db()
    differs = count_days(experiment, due_days(experiment, now), now)
    count_arrivals(experiment)
    return differs


def a_long_experiment(team: Team) -> Experiment:
    """One of three days: it reaches a fifth, then all, then deals anew."""
    experiment = an_experiment(team, plan=a_plan(**PLAN), share=0.1)
    set_share(experiment=experiment, by=team.olga, share=0.5, reason="On.")
    begin_epoch(experiment=experiment, by=team.olga, reason="Anew.", weight=0.6)
    return since(experiment, noon(3), noon(2) - 3 * HOUR, noon(1) + HOUR)


def some_traffic(seed: int, requests: int, users: int) -> tuple[list[RequestRow], list[SignalRow]]:
    """Requests of four days by so many users, of everything that counts otherwise."""
    draw = random.Random(seed)
    rows, signals = [], []
    for number in range(requests):
        moment = noon(4) + draw.uniform(0, 80) * HOUR
        user = f"u{draw.randrange(users)}"
        rows.append(
            a_request(
                f"r{number}",
                time=moment,
                user=draw.choices([user, ""], [9, 1])[0],
                model=draw.choices([CHAMPION, CHALLENGER, "fallback"], [5, 4, 1])[0],
                arm=draw.choice(["", "", "champion", "challenger", "another"]),
                route=draw.choices(["chat", "mail"], [8, 1])[0],
                mirror_of=draw.choices(["", f"r{number - 1}"], [9, 1])[0],
                error_type=draw.choices(["", "Timeout"], [8, 1])[0],
                latency_ms=draw.choice([None, 100.0, 400.0, 900.0]),
                cost_usd=draw.choice([None, 0.25, 0.125]),
                finish_reason=draw.choice(["stop", "refusal", "content_filter"]),
                language=draw.choice(["de", "en"]),
                tags=draw.choice([(), ("a",), ("a", "b")]),
            )
        )
        for name in draw.sample(["thumb", "retry", "refusal", "resolved", "stars"], 2):
            signals.append(
                a_signal(
                    f"s{number}-{name}",
                    request=f"r{number}",
                    time=moment + draw.choice([0.1, 19, 30]) * HOUR,
                    name=name,
                    value=draw.choice([None, 0.0, 1.0]) if name != "retry" else None,
                    label=draw.choice(["", "down", "up"]) if name == "thumb" else "",
                )
            )
    now = timezone.now()
    return rows, [row for row in signals if row.time < now]


def test_all_that_is_counted_is_what_a_plain_reader_counts(team: Team) -> None:
    experiment = a_long_experiment(team)
    rows, signals = some_traffic(seed=1, requests=700, users=60)
    taken(team.project, rows, signals)
    now = timezone.now()
    assert counted(experiment, now)
    expected = assert_counted(experiment, now)
    assert len(expected.users) > 60
    assert not counted(experiment, now)


def test_what_comes_late_and_in_another_order_is_counted_likewise(team: Team) -> None:
    experiment = a_long_experiment(team)
    rows, signals = some_traffic(seed=2, requests=400, users=50)
    draw, now = random.Random(3), timezone.now()
    draw.shuffle(rows)
    for some in (rows[:150], rows[150:200], rows[200:]):
        taken(team.project, some)
        counted(experiment, now)
        assert_counted(experiment, now)
    for of_signals in (signals[:300], signals[300:]):
        taken(team.project, (), of_signals)
        counted(experiment, now)
        assert_counted(experiment, now)


def test_a_user_counts_from_the_first_request_at_which_a_step_covers_them(team: Team) -> None:
    experiment = since(an_experiment(team, share=0.05), noon(2))
    rule = experiment.steps.get().rule
    users = [f"u{number}" for number in range(200)]
    taken(team.project, [a_request(f"{user}-1", user=user, time=noon(1)) for user in users])
    counted(experiment)
    units = set(UserDay.objects.values_list("unit", flat=True))
    everybody = set(Request.objects.values_list("user_hash", flat=True))
    assert units == {unit for unit in everybody if rule.variant(unit)}
    assert 5 < len(units) < 40
    assert CountedDay.objects.get(day=noon(1).date()).outside == 200 - len(units)


def test_requests_of_before_its_start_never_count(team: Team) -> None:
    experiment = since(an_experiment(team), noon(1))
    early = noon(1) - timedelta(microseconds=1)
    taken(team.project, [a_request("r1", user="ada", time=early)])
    taken(team.project, [a_request("r2", user="ada", time=noon(1))])
    counted(experiment)
    assert [row.requests for row in UserDay.objects.all()] == [1]


def test_a_step_that_begins_counts_what_was_sent_after_it_again(team: Team) -> None:
    """A sender's clock may be ahead: its request comes before the step that holds for it."""
    experiment = an_experiment(team, share=0.5)
    later = timezone.now() + timedelta(minutes=30)
    taken(team.project, [a_request("r1", user="ada", time=later)])
    counted(experiment)
    assert UserDay.objects.count() == 1
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    counted(experiment)
    assert UserDay.objects.count() == 0


def test_feedback_counts_once_its_time_is_over(team: Team) -> None:
    plan = a_plan(primary={"metric": "thumbs_down", "planned_gain": 0.1}, feedback_hours=24)
    experiment = since(an_experiment(team, plan=plan), noon(2))
    asked = noon(1) + HOUR
    taken(team.project, [a_request("r1", user="ada", time=asked)])
    down = {"request": "r1", "value": 0.0}
    taken(team.project, (), [a_signal("s1", time=asked + 2 * HOUR, **down)])

    def row_at(now: datetime) -> tuple[int, int, int]:
        counted(experiment, now)
        row = UserDay.objects.get()
        return row.requests, row.closed, row.thumbs_down

    assert row_at(asked + 23 * HOUR) == (1, 0, 0)
    assert row_at(asked + 24 * HOUR) == (1, 1, 1)
    day = CountedDay.objects.get()
    assert not day.final
    counted(experiment, asked + 60 * HOUR)
    day.refresh_from_db()
    assert day.final
    assert due_days(experiment, asked + 90 * HOUR) == []


def test_a_challenger_s_exposure_after_the_end_is_seen(team: Team) -> None:
    experiment = an_experiment(team)
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    experiment = since(experiment, noon(3), noon(2))
    Experiment.objects.filter(pk=experiment.pk).update(ended=noon(2))
    last = noon(2) + 5 * HOUR
    taken(team.project, [a_request("r1", user="ada", model=CHALLENGER, time=last)])
    counted(experiment)
    experiment.refresh_from_db()
    assert experiment.last_exposure == last
    assert not UserDay.objects.exists()


def test_a_user_who_is_counted_in_an_earlier_experiment_is_no_new_one(team: Team) -> None:
    first = an_experiment(team)
    stop_experiment(experiment=first, by=team.olga, reason="Enough.")
    since(first, noon(4), noon(2))
    Experiment.objects.filter(pk=first.pk).update(ended=noon(2))
    second = since(an_experiment(team, "Again"), noon(2) + HOUR)
    taken(team.project, [a_request("r1", user="ada", time=noon(3))])
    taken(
        team.project,
        [
            a_request("r2", user="ada", time=noon(2) + 2 * HOUR),
            a_request("r3", user="bob", time=noon(2) + 2 * HOUR),
        ],
    )
    first.refresh_from_db()
    for experiment in (first, second):
        counted(experiment)
    assert UserDay.objects.filter(experiment=second).count() == 2
    arrivals = CountedDay.objects.get(experiment=second).arrivals
    assert sum(arrivals["1"]["all"][""]) == 1
    first.refresh_from_db()
    variants = set(UserDay.objects.values_list("unit", "variant").distinct())
    assert len(variants) == 2, "nobody changes the arm"


def test_an_earlier_request_that_comes_later_is_what_its_user_arrived_by(team: Team) -> None:
    experiment, now = since(an_experiment(team), noon(2)), timezone.now()
    for key, moment, language in (("r1", noon(1) + HOUR, "de"), ("r2", noon(1), "en")):
        taken(team.project, [a_request(key, user="ada", time=moment, language=language)])
        counted(experiment, now)
        assert_counted(experiment, now)
    assert CountedDay.objects.get().arrivals["1"]["language"].keys() == {"en"}


def test_whoever_is_new_on_an_earlier_day_is_no_new_one_on_a_later(team: Team) -> None:
    experiment, now = since(an_experiment(team), noon(3)), timezone.now()
    for key, moment in (("r1", noon(1)), ("r2", noon(2))):
        taken(team.project, [a_request(key, user="ada", time=moment)])
        counted(experiment, now)
        assert_counted(experiment, now)


def test_what_a_counter_left_that_died_is_done_by_the_next(team: Team) -> None:
    experiment, now = since(an_experiment(team), noon(2)), timezone.now()
    taken(team.project, [a_request("r1", user="ada"), a_request("r2", user="bob")])
    count_days(experiment, due_days(experiment, now), now)
    CountedDay.objects.update(counted=None, arrivals_due=None)
    counted(experiment, now)
    assert_counted(experiment, now)
    assert CountedDay.objects.get().arrivals


def test_what_is_not_kept_any_more_stays_as_it_was_counted(team: Team) -> None:
    experiment = since(an_experiment(team), noon(3))
    taken(team.project, [a_request("r1", user="ada", time=noon(2))])
    counted(experiment)
    Request.objects.all().delete()
    taken(team.project, [a_request("r2", user="bob", time=noon(2) + HOUR)])
    counted(experiment, noon(2) + timedelta(days=92))
    assert UserDay.objects.count() == 1


def test_that_nothing_is_new_is_seen_by_a_few_queries(team: Team) -> None:
    experiment = a_long_experiment(team)
    rows, signals = some_traffic(seed=4, requests=50, users=20)
    taken(team.project, rows, signals)
    now = timezone.now()
    counted(experiment, now)
    with CaptureQueriesContext(connection) as queries:
        assert due_days(experiment, now) == []
    assert len(queries) <= 6

"""What an experiment needs and would notice, by what the project's users did in the last days."""

import math
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.features.experiments import recent_users
from evalhub.features.experiments.planning import PowerPlan, plan_experiment
from evalhub.features.experiments.recent_users import RecentUsers
from evalhub.features.traffic.rows import RequestRow
from tests.cast import a_team
from tests.features.experiments.experiments_of import a_plan
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = pytest.mark.django_db
ERRORS = {"metric": "errors", "margin": 0.03}
CHEAPER = {"metric": "cost", "planned_gain": 1}


def planned(project: Project, **fields: Any) -> PowerPlan:
    return plan_experiment(project, a_plan(**fields), now=timezone.now())


def recent_of(project: Project, **fields: Any) -> RecentUsers:
    recent = planned(project, **fields).recent
    assert recent is not None
    return recent


def of_user(user: str, number: int, days_ago: int = 1, **fields: Any) -> RequestRow:
    time = noon(days_ago) + timedelta(seconds=number)
    return a_request(f"{user}-{days_ago}-{number}", user=user, time=time, **fields)


def steady_traffic(users: int = 80, new: int = 20, days: int = 6) -> list[RequestRow]:
    """Users who come every day, and each day some new ones who come once."""
    rows = [of_user(f"u{i}", 0, day + 1) for day in range(days) for i in range(users)]
    return rows + [
        of_user(f"once-{day}-{i}", 0, day + 1) for day in range(days) for i in range(new)
    ]


def test_users_for_a_gain_are_1_66_times_those_of_a_single_look() -> None:
    """A quarter of 100 users has an error in one of two requests: p = 1/8, and a user's influence
    (y − 2p)/2 is −1/8 or 3/8. Both arms: s² = 4·(sum of squares/99); n = 1.66·(z₁ + z₂)²·s²/g²."""
    team = a_team()
    rows = [of_user(f"u{i}", n) for i in range(100) for n in range(1)]
    rows += [of_user(f"u{i}", 1, error_type="timeout" if i % 4 == 0 else "") for i in range(100)]
    taken(team.project, rows)
    primary = planned(team.project).primary
    assert primary.spread.mean == 0.125
    variance = (75 * 0.125**2 + 25 * 0.375**2) / 99
    assert primary.spread.sd == pytest.approx(math.sqrt(variance))
    fixed = (1.959964 + 0.841621) ** 2 * 4 * variance / 0.02**2
    assert primary.users == pytest.approx(1.66 * fixed, rel=1e-3)


def test_a_guard_says_the_smallest_harm_that_the_planned_users_notice() -> None:
    team = a_team()
    taken(
        team.project,
        [of_user(f"u{i}", 0, error_type="" if i % 2 else "timeout") for i in range(100)],
    )
    fields: dict[str, Any] = {"primary": CHEAPER, "guards": [ERRORS]}
    plan = planned(team.project, **fields, planned_users=10_000)
    guard = plan.guards[0]
    assert guard.noticed is not None
    assert guard.users is not None
    assert guard.noticed > 0.03
    again = planned(team.project, **fields, planned_users=guard.users).guards[0]
    assert again.noticed == pytest.approx(0.06, abs=1e-5)


def test_guards_share_the_level_of_harm() -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0, error_type="" if i % 2 else "e") for i in range(100)]
    taken(team.project, rows)
    refusals = {"metric": "refusals", "margin": 1}
    alone = planned(team.project, primary=CHEAPER, guards=[ERRORS]).guards[0]
    shared = planned(team.project, primary=CHEAPER, guards=[ERRORS, refusals]).guards[0]
    assert shared.users is not None
    assert alone.users is not None
    assert shared.users > alone.users


def test_new_users_are_those_not_seen_before() -> None:
    team = a_team()
    taken(team.project, steady_traffic())
    recent = recent_of(team.project)
    assert (recent.users_a_day, recent.new_users_a_day) == (100, 20)


def test_days_count_new_users_and_the_ramp() -> None:
    """Of 80 regular users and 20 new ones a day, all of them are in it from the start: after D days
    80 + 20·D users."""
    team = a_team()
    rows = steady_traffic()
    rows[0:8] = [of_user(f"u{i}", 1, 1, error_type="timeout") for i in range(8)]
    taken(team.project, rows)
    at_once = planned(team.project, ramp=(0.5,))
    users = at_once.primary.users
    assert users is not None
    assert at_once.primary.days == math.ceil((users - 80) / 20)
    ramped = planned(team.project, ramp=(0.01, 0.5), ramp_hours=240)
    half = planned(team.project, ramp=(0.25,))
    assert ramped.primary.days is not None
    assert half.primary.days is not None
    assert at_once.primary.days < ramped.primary.days <= at_once.primary.days + 10
    assert half.primary.days == math.ceil((2 * users - 80) / 20)


def test_feedback_counts_once_its_window_has_closed() -> None:
    team = a_team()
    rows = [of_user(f"u{i}-{day}", 0, day) for day in range(1, 6) for i in range(100)]
    thumbs = [
        a_signal(f"s{row.id}", request=row.id, time=row.time, value=i % 2)
        for i, row in enumerate(rows)
    ]
    taken(team.project, rows, thumbs)
    down = {"metric": "thumbs_down", "planned_gain": 0.1}
    day, week = (
        planned(team.project, primary=down, feedback_hours=24 * days, ramp=(0.5,))
        for days in (2, 4)
    )
    assert day.primary.spread.mean == week.primary.spread.mean == 0.5
    for power in (day, week):
        assert power.primary.spread.sd == pytest.approx(0.5, rel=0.01), "of users who had the time"
    assert day.primary.users is not None
    assert day.primary.days is not None
    assert day.primary.days == math.ceil(day.primary.users / 100) + 2


def test_a_signal_is_divided_by_requests_or_by_those_that_have_it() -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0, 3) for i in range(200)]
    resolved = [
        a_signal(f"s{i}", request=row.id, name="resolved", time=row.time, value=float(i % 4 == 0))
        for i, row in enumerate(rows[:100])
    ]
    taken(team.project, rows, resolved)
    measure = {"metric": "signal:resolved", "higher_is_better": True, "planned_gain": 0.1}
    all_requests = planned(team.project, primary=measure).primary.spread
    with_signal = planned(team.project, primary=measure | {"per": "signal"}).primary.spread
    assert (all_requests.mean, with_signal.mean) == (25 / 200, 25 / 100)


def test_a_signal_that_came_after_the_window_says_nothing() -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0, 5) for i in range(100)]
    late = [
        a_signal(f"s{i}", request=row.id, name="retry", time=row.time + timedelta(hours=25))
        for i, row in enumerate(rows)
    ]
    taken(team.project, rows, late)
    retries = {"metric": "retries", "planned_gain": 0.1}
    assert planned(team.project, primary=retries).primary.spread.mean == 0
    longer = planned(team.project, primary=retries, feedback_hours=26)
    assert longer.primary.spread.mean == 1


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "no request of these days names a user"),
        ([a_request()], "no request of these days names a user"),
        ([of_user("u", 0, 0)], "no request of these days names a user"),
        ([of_user("u", 0, mirror_of="r1")], "no request of these days names a user"),
        ([of_user(f"u{i}", 0) for i in range(99)], "99 users are too few to plan by"),
        (
            [of_user(f"u{i}", 0) for i in range(100)],
            "it never differed, so that its spread is unknown",
        ),
    ],
)
def test_what_the_traffic_does_not_say_is_not_guessed(rows: list[RequestRow], problem: str) -> None:
    team = a_team()
    taken(team.project, rows)
    plan = planned(team.project)
    assert plan.primary.spread.problem == problem
    assert (plan.planned_users, plan.primary.days) == (None, None)


def test_a_metric_that_no_request_says_has_no_number() -> None:
    team = a_team()
    taken(team.project, [of_user(f"u{i}", 0) for i in range(100)])
    cost = planned(team.project, primary={"metric": "cost", "planned_gain": 0.1}).primary
    assert cost.spread.problem == "no request of these days says it"


def test_one_day_does_not_say_who_is_new() -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0, error_type="e" if i % 2 else "") for i in range(100)]
    taken(team.project, rows)
    plan = planned(team.project)
    assert plan.planned_users is not None
    assert (recent_of(team.project).new_users_a_day, plan.primary.days) == (None, None)


def test_another_route_is_not_counted() -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0, route="chat") for i in range(100)]
    taken(team.project, [*rows, of_user("v", 0, route="search")])
    assert recent_of(team.project, route="chat").users_a_day == 100
    assert planned(team.project, route="mail").recent is None


def test_requests_without_a_user_are_said() -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0) for i in range(100)]
    taken(team.project, rows + [a_request(f"nobody-{i}") for i in range(50)])
    assert recent_of(team.project).without_user == pytest.approx(1 / 3)


def test_of_many_users_a_sample_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_users, "MOST_REQUESTS", 500)
    team = a_team()
    taken(team.project, [of_user(f"u{i}", 0) for i in range(1000)])

    recent = recent_of(team.project)
    assert recent.sampled == 0.5
    assert 400 < recent.sums[0].users < 600
    assert recent.users_a_day == 2 * recent.sums[0].users


@pytest.mark.parametrize(
    ("metric", "signal", "counts"),
    [
        ("thumbs_down", {"name": "thumb", "value": 0}, True),
        ("thumbs_down", {"name": "thumb", "value": None, "label": "Down"}, True),
        ("thumbs_down", {"name": "thumb", "value": 1}, False),
        ("retries", {"name": "retry", "value": None}, True),
        ("retries", {"name": "retry", "value": 0}, False),
        ("refusals", {"name": "refusal", "value": 1}, True),
        ("refusals", {"name": "refusal", "value": 0}, False),
    ],
)
def test_signals_count_as_an_experiment_counts_them(
    metric: str, signal: dict[str, Any], counts: bool
) -> None:
    team = a_team()
    rows = [of_user(f"u{i}", 0, 3) for i in range(100)]
    taken(team.project, rows, [a_signal(request=rows[0].id, time=rows[0].time, **signal)])
    primary = planned(team.project, primary={"metric": metric, "planned_gain": 0.1}).primary
    assert primary.spread.mean == (0.01 if counts else 0)

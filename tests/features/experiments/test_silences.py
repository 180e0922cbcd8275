"""Minutes in which nothing came: those that the traffic around them doesn't explain are named."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import comb

import numpy as np
import pytest

from evalhub.features.experiments.assessing.silences import SilentMinutes, gaps_of, silences_of
from evalhub.features.experiments.models import CountedDay, Experiment
from evalhub.features.traffic.models import RollUp
from tests.cast import Team
from tests.features.experiments.decisions_of import START, TODAY, an_experiment_since

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def gaps(requests: Iterable[int]) -> list[tuple[int, int, int]]:
    """Of each gap its first minute, its minutes, and the requests that are missed."""
    found = gaps_of(np.array(list(requests), np.intp), START)
    return [((gap.first - START) // MINUTE, gap.minutes, gap.missed) for gap in found]


def test_five_minutes_of_steady_traffic_are_missed() -> None:
    assert gaps([50] * 200 + [0] * 5 + [70] * 200) == [(200, 5, 300)]


def test_four_minutes_are_the_fewest() -> None:
    assert gaps([50] * 200 + [0] * 4 + [50] * 200) == [(200, 4, 200)]
    assert gaps([50] * 200 + [0] * 3 + [50] * 200) == []


@pytest.mark.parametrize("minutes", [12, 13])
def test_of_ten_minutes_of_traffic_thirteen_are_the_fewest(minutes: int) -> None:
    """The chance is 1 / C(10 + minutes, 10)."""
    assert bool(gaps([50] * 10 + [0] * minutes + [50] * 10)) == (comb(10 + minutes, 10) > 1e6)


def test_minutes_before_the_first_request_say_nothing() -> None:
    assert gaps([0] * 60 + [50] * 60 + [0] * 5 + [50] * 60 + [0] * 60) == [(120, 5, 250)]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_rare_anyway_isn_t_missed(seed: int) -> None:
    draws = np.random.default_rng(seed)
    for mean in (0.01, 0.1, 1.0, 5.0):
        assert gaps(draws.poisson(mean, 7 * 1440)) == []


@pytest.mark.parametrize("seed", range(5))
def test_an_outage_is_found_in_traffic_of_a_request_a_minute(seed: int) -> None:
    requests = np.random.default_rng(seed).poisson(1.0, 1440)
    requests[700:760] = 0
    ((first, minutes, missed),) = gaps(requests)
    assert 695 <= first <= 700
    assert first + minutes >= 760
    assert missed == pytest.approx(60, abs=20)


def test_a_batch_every_half_hour_leaves_no_silence() -> None:
    assert gaps([1000 if minute % 30 < 2 else 0 for minute in range(1440)]) == []


def test_an_evening_that_fades_is_none() -> None:
    evening = [100] * 120 + [minute % 15 == 0 for minute in range(400)] + [100] * 120
    assert gaps(evening) == []


@pytest.mark.parametrize("requests", [[], [0, 0, 0], [5], [0, 0, 5], [5, 0, 0, 0, 0, 0]])
def test_what_nothing_came_before_or_after_is_none(requests: list[int]) -> None:
    assert gaps(requests) == []


def counted(experiment: Experiment, first: date, requests: list[list[int]]) -> None:
    """Writes days of requests by minute, and their hours as ingestion does."""
    for number, minutes in enumerate(requests):
        day = first + number * DAY
        CountedDay.objects.create(
            experiment=experiment, day=day, requests=0, signals=0, minutes=minutes
        )
        add_hours(experiment, first + number * DAY, minutes)


def add_hours(experiment: Experiment, day: date, minutes: list[int]) -> None:
    midnight = START.replace(hour=0, year=day.year, month=day.month, day=day.day)
    for hour in range(24):
        if requests := sum(minutes[60 * hour : 60 * (hour + 1)]):
            RollUp.objects.create(
                project=experiment.project,
                hour=midnight + hour * HOUR,
                model_name="support-base",
                slice_kind="all",
                requests=requests,
            )


def shown(rows: list[SilentMinutes]) -> list[tuple[datetime, int]]:
    return [(row.first, row.minutes) for row in rows]


OFFICE = [0] * 480 + [30] * 600 + [0] * 360
"""From eight to six."""


@pytest.mark.django_db
def test_a_silence_may_last_over_midnight(team: Team) -> None:
    experiment = an_experiment_since(team)
    counted(experiment, TODAY, [[30] * 1430 + [0] * 10, [0] * 20 + [30] * 1420])
    midnight = START.replace(hour=0) + DAY
    rows = silences_of(experiment, START + 2 * DAY)
    assert shown(rows) == [(midnight - 10 * MINUTE, 30)]
    assert rows[0].missed == 900


@pytest.mark.django_db
def test_nights_are_none_once_another_is_known(team: Team) -> None:
    experiment = an_experiment_since(team)
    counted(experiment, TODAY, [OFFICE, OFFICE])
    later = START + 2 * DAY
    assert [row.minutes for row in silences_of(experiment, later)] == [840]
    add_hours(experiment, TODAY - DAY, OFFICE)  # the day before it began
    assert silences_of(experiment, later) == []


@pytest.mark.django_db
def test_an_outage_of_hours_by_day_stays_one_where_nights_are_silent(team: Team) -> None:
    experiment = an_experiment_since(team)
    outage = OFFICE[:600] + [0] * 180 + OFFICE[780:]
    counted(experiment, TODAY, [OFFICE, outage, OFFICE])
    ten = START.replace(hour=10) + DAY
    assert shown(silences_of(experiment, START + 3 * DAY)) == [(ten, 180)]


@pytest.mark.django_db
def test_five_minutes_of_every_night_stay_named(team: Team) -> None:
    experiment = an_experiment_since(team)
    counted(experiment, TODAY, [[30] * 1200 + [0] * 5 + [30] * 235] * 3)
    assert [row.minutes for row in silences_of(experiment, START + 3 * DAY)] == [5, 5, 5]

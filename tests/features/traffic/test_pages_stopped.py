"""Traffic stopped: an hour without a request, where the same hours a week before had some."""

from datetime import datetime, timedelta

import pytest

from evalhub.features.traffic.page_data.production_page import production_head
from evalhub.features.traffic.page_data.stopped import StoppedTraffic
from tests.cast import Team
from tests.features.traffic.rows_of import a_request, noon, taken

pytestmark = pytest.mark.django_db

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def requests_at(team: Team, *times: datetime) -> None:
    taken(team.project, [a_request(f"r{n}", time=time) for n, time in enumerate(times)])


def stopped(team: Team, now: datetime) -> StoppedTraffic | None:
    return production_head(team.project, now).stopped


def test_an_hour_without_any_is_a_stop_where_the_week_before_had_some(team: Team) -> None:
    requests_at(team, noon(15), noon(8) + HOUR, noon(8) + 2 * HOUR, noon(1))
    assert stopped(team, noon(1) + 1.9 * HOUR) is None  # no full hour of the clock yet
    stop = stopped(team, noon(1) + 2 * HOUR)
    assert stop == StoppedTraffic(noon(1) + HOUR, usual=1, compared=WEEK)
    later = stopped(team, noon(1) + 5 * HOUR)
    assert later is not None
    assert (later.usual, later.earlier) == (2, "a week")


def test_a_night_without_any_is_none_where_nights_never_have_any(team: Team) -> None:
    requests_at(team, noon(15), noon(8), noon(1))
    assert stopped(team, noon(1) + 11 * HOUR) is None
    assert stopped(team, noon(1) + 25 * HOUR) is None  # and tomorrow's noon a week ago had none


def test_traffic_younger_than_a_week_is_compared_with_the_day_before(team: Team) -> None:
    requests_at(team, noon(2) + HOUR, noon(1))
    stop = stopped(team, noon(1) + 2 * HOUR)
    assert stop is not None
    assert (stop.usual, stop.earlier) == (1, "a day")


def test_a_project_that_never_had_traffic_has_not_stopped(team: Team) -> None:
    head = production_head(team.project, noon(0))
    assert (head.stopped, head.has_traffic) == (None, False)

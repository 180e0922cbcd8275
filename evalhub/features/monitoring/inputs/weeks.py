"""Whole weeks from Monday on, in UTC, so that each has the same weekdays. Pure."""

from datetime import UTC, date, datetime, timedelta

WEEK = timedelta(days=7)
REFERENCE_WEEKS = 4
WEEKS_A_YEAR = 365.25 / 7
LATE = timedelta(days=1)
"""After its end a week waits so long for rows that come late, before it is counted."""


def last_week(now: datetime) -> date:
    """The Monday of the last week that is complete."""
    return monday_of((now.astimezone(UTC) - LATE).date()) - WEEK


def monday_of(day: date) -> date:
    """Of the week that a day is in."""
    return day - timedelta(days=day.weekday())


def level_of_test(*, false_alarms_a_year: float, tests: int) -> float:
    """At which each of a monitor's weekly tests is made, so that all of them raise as many false
    alarms a year as stated, and no more. A level of a half or more would be none."""
    return min(false_alarms_a_year / (WEEKS_A_YEAR * tests), 0.49)

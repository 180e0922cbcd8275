"""Days of traffic (UTC): which are kept, and how many requests and signals they have."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Sum

from evalhub.accounts.models import Project
from evalhub.features.traffic.keeping import settings_of
from evalhub.features.traffic.models import RollUp, SignalRollUp

DAY = timedelta(days=1)
NOTHING = (0, 0)


def midnight(day: date) -> datetime:
    """The day's beginning, in UTC."""
    return datetime.combine(day, time(), UTC)


def day_totals(project: Project, first: date, last: date) -> dict[date, tuple[int, int]]:
    """By day, how many requests and signals the project has, by its roll-ups. Two queries."""
    start, end = midnight(first), midnight(last) + DAY
    days = RollUp.objects.whole_days(project).between(start, end).order_by()
    totals = {
        hour.astimezone(UTC).date(): (requests, 0)
        for hour, requests in days.values_list("hour").annotate(n=Sum("requests"))
    }
    hours = SignalRollUp.objects.within(project, start, end).order_by()
    for hour, signals in hours.values_list("hour").annotate(n=Sum("signals")):
        day = hour.astimezone(UTC).date()
        requests, before = totals.get(day, NOTHING)
        totals[day] = (requests, before + signals)
    return totals


def first_kept_day(project: Project, now: datetime) -> date:
    """The first day of which requests are kept."""
    return now.astimezone(UTC).date() - DAY * settings_of(project).days

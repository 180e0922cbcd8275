"""Whether traffic has stopped: an hour without a request, where a week before there were some."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.page_data.filtering import DAY, HOUR
from evalhub.features.traffic.storage.roll_ups import hour_of

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class StoppedTraffic:
    """`since`: the end of the last hour that had a request. In the same hours earlier there were
    `usual` requests: a week before, or a day before where traffic is younger than that."""

    since: datetime
    usual: int
    compared: timedelta

    @property
    def earlier(self) -> str:
        return "a week" if self.compared == WEEK else "a day"


def stopped_traffic(
    project: Project, first: datetime, last: datetime, now: datetime
) -> StoppedTraffic | None:
    """None where requests come, and where none would be expected. One query at most.

    The same weekday is compared, since many products are used less on a Sunday.

    Args:
        first, last: the first and the last hour that had a request.
    """
    since, end = last + HOUR, hour_of(now)
    if since >= end:
        return None
    compared = WEEK if first <= since - WEEK else DAY
    hours = RollUp.objects.overall(project).between(since - compared, end - compared)
    usual = hours.aggregate(sum=Sum("requests"))["sum"]
    return StoppedTraffic(since, usual, compared) if usual else None

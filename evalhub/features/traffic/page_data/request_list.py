"""The list of a project's requests, newest first, and from one page to the next older one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db.models import Q, Sum

from evalhub.accounts.models import Project, User
from evalhub.features.traffic.models import (
    Request,
    RequestQuerySet,
    RollUp,
    TrafficSettings,
)
from evalhub.features.traffic.page_data.filtering import (
    DAY,
    HOUR,
    RequestOutcome,
    SliceKind,
    TrafficFilter,
    Window,
)
from evalhub.features.traffic.page_data.production_page import answered_by, matching_hours
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.storage.roll_ups import hour_of
from evalhub.frames.page.forms import whole_number
from evalhub.registry.models import ModelVersion

PAGE = 50
MOST_READ = 50_000
"""Once so many requests are read for a page it ends, however few of them are wanted."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: below the request of this time and key."""

    time: datetime
    key: str

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Cursor | None":
        """None for the newest page, and for what isn't a time."""
        try:
            time = datetime.fromisoformat(query.get("before", ""))
            time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return cls(time, query.get("key", "").replace("\0", ""))

    @property
    def query(self) -> str:
        return urlencode({"before": self.time.isoformat(), "key": self.key})


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A request with the version that answered; None where nobody has said which it is."""

    request: Request
    version: ModelVersion | None


@dataclass(frozen=True, slots=True)
class RequestList:
    """A page of requests; `older` is where the next begins, None at the last."""

    rows: Sequence[ListedRequest]
    older: Cursor | None


def request_list(
    project: Project,
    wanted: TrafficFilter,
    served: ServedVersions,
    *,
    user: User,
    now: datetime,
    after: Cursor | None,
) -> RequestList:
    """Four queries. Roll-ups say in which hours such requests are; only those hours are read, so
    that a rare one isn't searched for in all requests of a quarter."""
    window, oldest = Window.until(now, wanted.period), _oldest(project, now)
    end = min(window.end, hour_of(after.time) + HOUR) if after else window.end
    hours = matching_hours(project, wanted, served).between(max(window.first, oldest), end)
    counts = hours.order_by("-hour").values_list("hour").annotate(count=Sum(wanted.outcome))
    newest = dict(counts.filter(count__gt=0)[: PAGE + 2])
    every = RollUp.objects.overall(project).filter(hour__in=newest).order_by()
    read = hours_to_read(newest, dict(every.values_list("hour").annotate(Sum("requests"))), after)
    requests = Request.objects.visible_to(user).filter(project=project).in_hours(read)
    requests = _matching(requests, wanted).filter(answered_by(wanted, served, "time"))
    if after:
        requests = requests.older_than(after.time, after.key)
    rows = list(requests.order_by("-time", "key")[: PAGE + 1])
    listed = [ListedRequest(row, served.at(row.model_name, row.time)) for row in rows[:PAGE]]
    if len(rows) > PAGE:
        return RequestList(listed, Cursor(rows[PAGE - 1].time, rows[PAGE - 1].key))
    # An hour's requests may be fewer than its roll-up says, once some were erased.
    return RequestList(listed, Cursor(read[-1], "") if len(read) < len(newest) else None)


def _oldest(project: Project, now: datetime) -> datetime:
    """Roll-ups stay; requests are deleted after their days."""
    settings = TrafficSettings.objects.filter(project=project).first() or TrafficSettings()
    return hour_of(now) - (settings.days + 1) * DAY


def hours_to_read(
    counts: Mapping[datetime, int], every: Mapping[datetime, int], after: Cursor | None
) -> list[datetime]:
    """The newest hours that together fill more than a page, or have MOST_READ requests; of the
    cursor's own hour nobody knows how many lie below it.

    Args:
        counts: of the requests that are wanted, the newest hour first.
        every: of all requests of these hours.
    """
    hours, requests, read = [], 0, 0
    for hour, count in counts.items():
        hours.append(hour)
        read += every.get(hour, 0)
        if after is None or hour + HOUR <= after.time:
            requests += count
        if requests > PAGE or read >= MOST_READ:
            break
    return hours


def _matching(requests: RequestQuerySet, wanted: TrafficFilter) -> RequestQuerySet:
    """The slice and the outcome that are wanted."""
    if wanted.kind is SliceKind.LANGUAGE:
        requests = requests.filter(language=wanted.value)
    elif wanted.kind is SliceKind.ROUTE:
        requests = requests.filter(route=wanted.value)
    elif wanted.kind is SliceKind.TAG:
        requests = requests.with_tag(wanted.value)
    elif wanted.kind is SliceKind.LENGTH:
        requests = requests.filter(_of_length(wanted.value))
    if wanted.outcome is RequestOutcome.ERROR:
        return requests.exclude(error_type="")
    if wanted.outcome is RequestOutcome.ABORTED:
        return requests.filter(aborted=True)
    if wanted.outcome is RequestOutcome.TEXT:
        return requests.filter(has_text=True)
    return requests.filter(masked__gt=0) if wanted.outcome is RequestOutcome.MASKED else requests


def _of_length(label: str) -> Q:
    """Prompts of the length that `length_label` calls so."""
    if not label:
        return Q(prompt_tokens=None)
    low, _, high = label.partition("-")
    return Q(prompt_tokens__range=(whole_number(low), whole_number(high or low)))

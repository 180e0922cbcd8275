"""Which requests a page of production is about: all of it stands in the page's address.

Pages read roll-ups, which are kept by one slice kind at a time: so an address names one slice, and
not a language and a route at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from evalhub.features.traffic.storage.roll_ups import hour_of
from evalhub.frames.page.forms import whole_number

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST_VALUE = 200
"""Characters of a value in an address; what is longer names nothing."""


class Period(StrEnum):
    """How many days back a page looks, today included."""

    ONE = "1"
    WEEK = "7"
    FIVE_WEEKS = "35"
    QUARTER = "90"

    @property
    def label(self) -> str:
        return "24 hours" if self is Period.ONE else f"{self} days"


class SliceKind(StrEnum):
    """What requests are sliced by."""

    LANGUAGE = "language"
    ROUTE = "route"
    TAG = "tag"
    LENGTH = "length"

    @property
    def label(self) -> str:
        return self.capitalize()


class RequestOutcome(StrEnum):
    """What became of a request, by the column of the roll-ups that counts it."""

    ANY = "requests"
    ERROR = "errors"
    ABORTED = "aborted"
    TEXT = "texts"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a page is about, in steps of an hour or a day (UTC)."""

    first: datetime
    end: datetime
    step: timedelta

    @classmethod
    def until(cls, now: datetime, period: Period) -> "Window":
        """Up to the end of the hour, or the day, that goes on; `now` is in UTC."""
        if period is Period.ONE:
            end = hour_of(now) + HOUR
            return cls(end - DAY, end, HOUR)
        end = datetime.combine(now, time(), UTC) + DAY
        return cls(end - int(period) * DAY, end, DAY)

    @property
    def hourly(self) -> bool:
        return self.step == HOUR

    def index(self, moment: datetime) -> int:
        """The number of the step that holds the moment, from 0."""
        return (moment - self.first) // self.step

    def share(self, moment: datetime) -> float:
        """The position of the moment, in steps."""
        return (moment - self.first) / self.step

    def __iter__(self) -> Iterator[datetime]:
        start = self.first
        while start < self.end:
            yield start
            start += self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFilter:
    """What an address narrows a page to.

    Attributes:
        model: a served name; "" is any.
        version: the primary key of a version; 0 is any.
        arm: of an experiment; "" is any.
        kind, value: a slice; no kind is any. A value may be empty: requests without a language.
        ignored: fields of the address whose values name nothing.
    """

    period: Period = Period.FIVE_WEEKS
    model: str = ""
    version: int = 0
    arm: str = ""
    kind: SliceKind | None = None
    value: str = ""
    outcome: RequestOutcome = RequestOutcome.ANY
    ignored: Sequence[str] = field(default=(), compare=False)

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "TrafficFilter":
        """What doesn't name anything is ignored, as an old link may be wrong."""
        period, outcome = query.get("days", ""), query.get("outcome", "")
        kind, _, value = _short(query, "slice").partition(":")
        is_used = {
            "days": period in Period,
            "model": _short(query, "model"),
            "version": whole_number(query.get("version", "")),
            "arm": _short(query, "arm"),
            "slice": kind in SliceKind,
            "outcome": outcome in RequestOutcome,
        }
        return cls(
            ignored=[name for name, used in is_used.items() if query.get(name) and not used],
            period=Period(period) if period in Period else cls().period,
            model=_short(query, "model"),
            version=whole_number(query.get("version", "")),
            arm=_short(query, "arm"),
            kind=SliceKind(kind) if kind in SliceKind else None,
            value=value if kind in SliceKind else "",
            outcome=RequestOutcome(outcome) if outcome in RequestOutcome else cls().outcome,
        )

    @property
    def slice(self) -> str:
        """As the address names it."""
        return f"{self.kind}:{self.value}" if self.kind else ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves any request of its time out."""
        return self != TrafficFilter(period=self.period)

    @property
    def query(self) -> str:
        """The address's query; "" for what is usual."""
        usual = TrafficFilter()
        fields: dict[str, object] = {
            "days": self.period if self.period != usual.period else "",
            "model": self.model,
            "version": self.version or "",
            "arm": self.arm,
            "slice": self.slice,
            "outcome": self.outcome if self.outcome != usual.outcome else "",
        }
        return urlencode({name: value for name, value in fields.items() if value != ""})


def _short(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    return text if len(text) <= LONGEST_VALUE and "\0" not in text else ""

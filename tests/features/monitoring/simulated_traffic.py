"""A year of a product's traffic, day by day: seasons, weekends, a launch, and what may go wrong.

traffic = SimulatedTraffic(TrafficYear(changes=(Change("retriever", 60),)), seed=1)
for day in traffic.days(first): take in day.requests and day.signals

Users differ: in how often they come, and in how often they are content. One who isn't today gives
several thumbs down, so that requests of one user are alike and users are what varies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.features.traffic.rows import RequestRow, SignalRow

SERVED_NAME = "support"
ROUTES = ("chat", "search", "billing")
LANGUAGES = ("en", "de", "fr")
LAUNCH_DAYS = 21
LAUNCH_FACTOR = 3.0
LIKENESS = 0.1
"""Correlation of the outcomes of one user's requests of one day."""
DOLLARS_A_TOKEN = 2e-6
REFUSED = "content_filter"

type Rng = np.random.Generator
type Floats = NDArray[np.float64]
type ChangeKind = Literal["provider", "retriever", "latency", "thumbs", "drift", "silence"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that goes wrong from a day on (0: the first).

    Attributes:
        kind: provider: answers are longer by `size`, and as much dearer; retriever: on the route
            `search`, thumbs down and retries are more by `size`; latency: multiplied by 1 + `size`;
            thumbs: thumbs down are more by `size` everywhere; drift: so many of the chat's requests
            are search's, after 90 days; silence: nothing comes.
    """

    kind: ChangeKind
    day: int
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of requests while nothing is wrong."""

    errors: float = 0.01
    refusals: float = 0.01
    thumbs_down: float = 0.03
    retries: float = 0.04


@dataclass(frozen=True, slots=True)
class TrafficYear:
    """What a product's traffic is like.

    Attributes:
        requests: a workday, on average.
        season: by how much the summer's volume is below the year's mean, and the winter's above.
        weekend: a weekend day's volume as a share of a workday's.
        launch: the day from which volume is threefold for three weeks, of new users too.
        day_spread: standard deviation of the logarithm of a day's volume, beside all that.
    """

    days: int = 365
    requests: int = 600
    season: float = 0.2
    weekend: float = 0.4
    launch: int | None = None
    day_spread: float = 0.05
    rates: Rates = field(default_factory=Rates)
    changes: tuple[Change, ...] = ()

    def sizes(self, day: int) -> Mapping[ChangeKind, float]:
        """By kind, the changes that there are on a day."""
        return {change.kind: change.size for change in self.changes if change.day <= day}

    def volume(self, day: int, weekday: int) -> float:
        """Expected share of a usual workday's requests."""
        season = 1 + self.season * np.cos(2 * np.pi * day / 365)
        week = self.weekend if weekday >= 5 else 1.0
        launched = self.launch is not None and 0 <= day - self.launch < LAUNCH_DAYS
        return float(season * week * (LAUNCH_FACTOR if launched else 1.0))


@dataclass(frozen=True, slots=True)
class TrafficDay:
    """Requests of a day (UTC), in the order of their times, and the signals about them."""

    day: date
    requests: list[RequestRow]
    signals: list[SignalRow]


class SimulatedTraffic:
    """Draws the days of a year, one after the other; the same seed gives the same."""

    def __init__(self, year: TrafficYear, *, seed: int) -> None:
        self.year = year
        self._rng = np.random.default_rng([seed, year.days, year.requests])

    def days(self, first: date) -> Iterator[TrafficDay]:
        """The days from `first` on."""
        for number in range(self.year.days):
            yield self._day(number, first + timedelta(days=number))

    def _day(self, number: int, day: date) -> TrafficDay:
        rng, year, sizes = self._rng, self.year, self.year.sizes(number)
        expected = year.requests * year.volume(number, day.weekday())
        expected *= rng.lognormal(-(year.day_spread**2) / 2, year.day_spread)
        users = _users_of_day(rng, expected, year)
        n = 0 if "silence" in sizes else len(users)
        users = users[:n]
        routes = rng.choice(len(ROUTES), n, p=_route_shares(number, year))
        chances = _chances(year.rates, sizes, routes)
        marks = {name: _events(rng, users, chance) for name, chance in chances.items()}
        seconds = np.sort(_seconds(rng, n))
        words = rng.lognormal(5.3, 0.6, n), rng.lognormal(4.6, 0.5, n)
        latency = rng.lognormal(6.8, 0.6, n) * (1 + sizes.get("latency", 0.0))
        longer = 1 + sizes.get("provider", 0.0)
        languages = rng.choice(len(LANGUAGES), n, p=(0.6, 0.3, 0.1))
        requests, signals = list[RequestRow](), list[SignalRow]()
        for i in range(n):
            key = f"{day:%y%m%d}-{i}"
            at = datetime.combine(day, time(), UTC) + timedelta(seconds=float(seconds[i]))
            prompt, completion = int(words[0][i]) + 1, int(words[1][i] * longer) + 1
            failed = bool(marks["errors"][i])
            fields: dict[str, Any] = {
                "id": key,
                "time": at,
                "model": SERVED_NAME,
                "user": f"user-{users[i]}",
                "route": ROUTES[routes[i]],
                "language": LANGUAGES[languages[i]],
                "latency_ms": round(float(latency[i]), 1),
                "prompt_tokens": prompt,
                "completion_tokens": 0 if failed else completion,
                "cost_usd": DOLLARS_A_TOKEN * (prompt + (0 if failed else 4 * completion)),
                "error_type": "Timeout" if failed else "",
                "finish_reason": REFUSED if marks["refusals"][i] else "stop",
            }
            requests.append(RequestRow(**fields))
            if failed:
                continue
            about: dict[str, Any] = {"request": key, "time": at + timedelta(minutes=2)}
            if marks["thumbs_down"][i]:
                signals.append(SignalRow(id=f"{key}-thumb", name="thumb", value=0.0, **about))
            if marks["retries"][i]:
                code: dict[str, Any] = {"name": "retry", "value": 1.0, "by": "code"}
                signals.append(SignalRow(id=f"{key}-retry", **code, **about))
        return TrafficDay(day, requests, signals)


def _users_of_day(rng: Rng, expected: float, year: TrafficYear) -> NDArray[np.intp]:
    """Whose each request is, in random order: some users come often and ask much. Of four times as
    many users as a workday's requests a day sees a few hundred; a launch brings more of them."""
    active = max(int(rng.poisson(expected / 3)), 1)
    pool = max(4 * year.requests, 4 * active)
    users = np.minimum((pool * rng.random(active) ** 1.5).astype(np.intp), pool - 1)
    asked = 1 + rng.negative_binomial(1, 1 / 3, active)
    each_request: NDArray[np.intp] = rng.permutation(np.repeat(users, asked))
    return each_request


def _route_shares(number: int, year: TrafficYear) -> Floats:
    """Bills are asked about at the ends of months; a slow drift moves the chat's to search."""
    billing = 0.2 + 0.05 * np.cos(2 * np.pi * number / 30)
    moved = sum(
        change.size * min(max(number - change.day, 0) / 90, 1.0)
        for change in year.changes
        if change.kind == "drift"
    )
    chat = 0.5 * (1 - billing) / 0.8
    search = 0.3 * (1 - billing) / 0.8
    return np.array([chat * (1 - moved), search + chat * moved, billing])


def _chances(
    rates: Rates, sizes: Mapping[ChangeKind, float], routes: NDArray[np.intp]
) -> dict[str, Floats]:
    """By event, its chance in each request."""
    ones = np.ones(len(routes))
    broken = sizes.get("retriever", 0.0) * (routes == ROUTES.index("search"))
    return {
        "errors": rates.errors * ones,
        "refusals": rates.refusals * ones,
        "thumbs_down": rates.thumbs_down + sizes.get("thumbs", 0.0) + broken,
        "retries": rates.retries + broken,
    }


def _events(rng: Rng, users: NDArray[np.intp], chances: Floats) -> NDArray[np.bool_]:
    """Which requests have the event: where its user's mood of the day is below its chance. A mood
    is the user's own for a share of the requests, by which those of one user are alike."""
    _, index = np.unique(users, return_inverse=True)
    moods = rng.random(int(index.max(initial=-1)) + 1)[index]
    own = rng.random(len(users)) < np.sqrt(LIKENESS)
    return np.where(own, moods, rng.random(len(users))) < chances


def _seconds(rng: Rng, n: int) -> Floats:
    """Times of a day in seconds, most of them about its middle."""
    seconds: Floats = np.clip(rng.normal(13.0, 4.5, n), 0.0, 23.99) * 3600
    return seconds


def numbered[Row](rows: list[Row]) -> list[tuple[int, Row]]:
    """Each row with its line, as the door that takes them in wants it."""
    return list(zip(count(1), rows, strict=False))

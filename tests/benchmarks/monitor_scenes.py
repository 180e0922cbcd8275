"""Streams of production as it is: weekends, a season, days that differ, users who come again.

A pool of users, of whom a ninetieth is replaced each day, makes lognormal numbers of requests: half
as many at weekends, a quarter more or less by the season, and a few per cent by the day. A user's
requests are alike, and so, a little, are a day's.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.day_batches import Batches, RatioDay, pooled_days
from evalhub.stats.e_detector import WANDER, Worse

Array = NDArray[np.float64]
Rng = np.random.Generator

MONDAY = date(2026, 1, 5)
USERS = 1500
REQUESTS = 0.6
LEAVE = 1 / 90
WEEKEND = 0.5
SEASON = 0.25
SLOW_MS = 3000.0
SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Scene:
    """A metric, and the change for the worse that is to be noticed.

    Attributes:
        base: share of requests with an error, of answers that pass, median latency in ms, median
            tokens of a request, requests a user and day.
        changed: the same after the change.
        margin: of the alarm, in the metric's unit, or a share of the reference (`in_shares`).
        season: by how much requests are more or fewer in the course of the year.
        leave: share of users who are replaced by others each day.
    """

    name: str
    metric: Literal["errors", "quality", "latency", "tokens", "requests"]
    base: float
    changed: float
    margin: float
    season: float = SEASON
    leave: float = LEAVE

    @property
    def worse(self) -> Worse:
        return "lower" if self.metric in ("quality", "requests") else "higher"

    @property
    def in_shares(self) -> bool:
        return self.metric in ("tokens", "requests")

    @property
    def wander(self) -> float:
        return WANDER if self.metric == "requests" else 0.0


SCENES = (
    Scene("2% errors, +3 points, nobody new", "errors", 0.02, 0.05, 0.01, leave=0.0),
    Scene("2% errors, +3 points", "errors", 0.02, 0.05, 0.01),
    Scene("0.1% errors, +3 points", "errors", 0.001, 0.031, 0.01),
    Scene("85% of 100 answers pass, −3 points", "quality", 0.85, 0.82, 0.01),
    Scene("slow requests, latency doubled", "latency", 800, 1600, 0.02),
    Scene("tokens a request, +20%", "tokens", 400, 480, 0.1),
    Scene("requests a day, −20%", "requests", REQUESTS, 0.8 * REQUESTS, 0.1, season=0.0),
    Scene("the same, a season of ±10%", "requests", REQUESTS, 0.8 * REQUESTS, 0.1, season=0.1),
)


@dataclass(frozen=True, slots=True)
class StreamData:
    """A stream's days, and the requests' own values by day: 0 or 1, ms, tokens; none where the
    metric is how many there are."""

    days: list[RatioDay]
    rows: list[Array]

    @property
    def values(self) -> Array:
        return np.array([day.y / day.x for day in self.days])


def stream(rng: Rng, scene: Scene, days: int, *, change: int | None = None) -> StreamData:
    """So many days, changed from day number `change` on."""
    level = rng.uniform(0, 2 * math.pi)
    activity, trait = _newcomers(rng, USERS)
    sums, rows = [], []
    for number in range(days):
        leave = np.flatnonzero(rng.random(USERS) < scene.leave)
        activity[leave], trait[leave] = _newcomers(rng, len(leave))
        day = MONDAY + timedelta(days=number)
        weekend = day.weekday() >= 5
        volume = 1 + scene.season * math.sin(2 * math.pi * number / 365 + level)
        volume *= (WEEKEND if weekend else 1.0) * rng.lognormal(0, 0.08)
        parameter = scene.changed if change is not None and number >= change else scene.base
        rate = parameter if scene.metric == "requests" else REQUESTS
        counts = rng.poisson(rate * activity * volume)
        y, x, values = _day(rng, scene, counts, trait, parameter, weekend=weekend)
        products = (y.sum(), x.sum(), (y * y).sum(), (x * y).sum(), (x * x).sum())
        if scene.metric == "requests":
            products = (y.sum(), 1.0, (y * y).sum(), y.sum(), 1.0)
        sums.append(RatioDay(day, int((x > 0).sum()), *map(float, products)))
        rows.append(values)
    return StreamData(sums, rows)


def _newcomers(rng: Rng, users: int) -> tuple[Array, Array]:
    """How often each comes, 1 on average, and how far the user's own outcomes lie from others'."""
    return rng.lognormal(-0.5, 1.0, users), rng.normal(size=users)


def _day(
    rng: Rng,
    scene: Scene,
    counts: NDArray[np.int64],
    trait: Array,
    parameter: float,
    *,
    weekend: bool,
) -> tuple[Array, Array, Array]:
    """y and x by user, and values by request."""
    if scene.metric == "requests":
        return counts.astype(float), counts.astype(float), np.empty(0)
    if scene.metric == "quality":
        total = min(SAMPLE, int(counts.sum()))
        counts = rng.multivariate_hypergeometric(counts, total, method="marginals")
    if scene.metric in ("errors", "quality"):
        odds = math.log(scene.base / (1 - scene.base)) + 0.15 * weekend + rng.normal(0, 0.1)
        chance = 1 / (1 + np.exp(-(odds + 0.8 * trait))) + parameter - scene.base
        events = rng.binomial(counts, np.clip(chance, 0, 1))
        total, many = int(counts.sum()), int(events.sum())
        return (
            events.astype(float),
            counts.astype(float),
            np.repeat([1.0, 0.0], [many, total - many]),
        )
    user = np.repeat(np.arange(len(counts)), counts)
    center = math.log(parameter) + 0.05 * weekend + rng.normal(0, 0.05)
    values = np.exp(center + 0.3 * trait[user] + rng.normal(0, 0.7, len(user)))
    numbers = (values > SLOW_MS).astype(float) if scene.metric == "latency" else values
    return np.bincount(user, numbers, minlength=len(counts)), counts.astype(float), values


def batches_of(scene: Scene, days: list[RatioDay]) -> Batches:
    """As a monitor pools them: numbers a day by their logarithm, ratios by `pooled_days`."""
    if scene.metric != "requests":
        return pooled_days(days, events=scene.metric != "tokens", margin=scene.margin)
    return Batches(
        first=tuple(day.day for day in days),
        last=tuple(day.day for day in days),
        values=np.log([day.y for day in days]),
        weights=np.ones(len(days)),
        weekends=np.array([float(day.day.weekday() >= 5) for day in days]),
        variances=np.array([day.yy / day.y**2 for day in days]),
        reference=14,
        reference_days=14,
        waiting=0,
    )

"""A fixed threshold and Evidently on a simulated year's traffic, beside the product's monitors.

Both know each request of the year. The threshold is a mean of seven days beyond the reference's by
the margin; Evidently compares each day's values with the reference's by the test that it chooses
itself.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evalhub.stats.e_detector import Worse
from tests.benchmarks.monitor_rates import beyond_threshold, of_evidently
from tests.benchmarks.monitor_scenes import Array, StreamData
from tests.features.monitoring.simulated_traffic import SimulatedTraffic, TrafficDay, TrafficYear

IN_SHARES = ("requests", "tokens", "cost")
"""Whose margin is a share of the reference."""

type AlarmDays = Mapping[str, list[int]]
"""By metric, the days of alarms, from 0."""


class RecordedTraffic(SimulatedTraffic):
    """Keeps the values of each request that it draws.

    Attributes:
        columns: by name, the requests' values, day by day: 0 or 1, ms, tokens, dollars.
    """

    def __init__(self, year: TrafficYear, *, seed: int) -> None:
        super().__init__(year, seed=seed)
        self.columns: dict[str, list[Array]] = {}

    def days(self, first: date) -> Iterator[TrafficDay]:
        for day in super().days(first):
            for name, values in _values(day).items():
                self.columns.setdefault(name, []).append(np.array(values, dtype=float))
            yield day


def _values(day: TrafficDay) -> dict[str, list[float]]:
    rows = day.requests
    thumbs = {signal.request for signal in day.signals if signal.name == "thumb"}
    retried = {signal.request for signal in day.signals if signal.name == "retry"}
    return {
        "errors": [float(bool(row.error_type)) for row in rows],
        "latency": [row.latency_ms or 0.0 for row in rows],
        "tokens": [float((row.prompt_tokens or 0) + (row.completion_tokens or 0)) for row in rows],
        "cost": [row.cost_usd or 0.0 for row in rows],
        "thumbs_down": [float(row.id in thumbs) for row in rows],
        "retries": [float(row.id in retried) for row in rows],
    }


def threshold_alarms(
    traffic: RecordedTraffic, margins: Mapping[str, float], *, slow_ms: float
) -> AlarmDays:
    """Of a mean of seven days beyond the reference's by the margin."""
    alarms = {}
    for metric, margin in margins.items():
        days = traffic.columns["latency" if metric in ("slow", "requests") else metric]
        sizes = np.array([len(values) for values in days], dtype=float)
        if metric == "requests":
            y, x = sizes, np.ones(len(sizes))
        else:
            sums = [(values > slow_ms if metric == "slow" else values).sum() for values in days]
            y, x = np.array(sums, dtype=float), sizes
        worse: Worse = "lower" if metric == "requests" else "higher"
        alarms[metric] = beyond_threshold(y, x, margin, worse=worse, in_shares=metric in IN_SHARES)
    return alarms


def evidently_alarms(traffic: RecordedTraffic) -> AlarmDays:
    """Of Evidently, in an environment of its own."""
    groups = {name: [StreamData([], rows)] for name, rows in traffic.columns.items()}
    with TemporaryDirectory() as temporary:
        days_of = of_evidently(groups, Path(temporary))
    return {name: days for name, [days] in days_of.items()}

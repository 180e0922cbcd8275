"""Monitored streams simulated: false alarms as stated, and changes that are noticed."""

import math

import numpy as np
import pytest

from evalhub.stats.e_detector import Restart, change_evidence
from tests.benchmarks.monitor_rates import (
    GOOD_DAYS,
    by_rule,
    by_threshold,
    change_data,
    false_alarms,
)
from tests.benchmarks.monitor_scenes import SCENES

CALM = SCENES[0]
REFERENCE = 14


def alarms(seed: int, steps: int, least: float) -> int:
    """Alarms of a stream in which nothing changes, the sum beginning anew after each."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 1.5, REFERENCE + steps)
    values = rng.normal(size=len(weights)) / np.sqrt(weights)
    weekends = (np.arange(len(weights)) % 7 >= 5).astype(float)
    restarts: list[Restart] = []
    while True:
        evidence = change_evidence(
            values, weights, weekends, reference=REFERENCE, worse="higher", restarts=restarts
        )
        begin = restarts[-1].after + 1 if restarts else REFERENCE
        later = np.flatnonzero(evidence.log_sums[begin:] >= math.log(least))
        if not len(later):
            return len(restarts)
        restarts.append(Restart(begin + int(later[0])))


@pytest.mark.heavy
def test_alarms_in_n_steps_are_n_over_a_at_most_with_new_beginnings():
    """Not far fewer, either: the sum passes A by little."""
    steps, least, draws = 120, 40.0, 500
    counts = np.array([alarms(seed, steps, least) for seed in range(draws)])
    error = counts.std(ddof=1) / math.sqrt(draws)
    assert counts.mean() <= steps / least + 3 * error
    assert counts.mean() > 0.3 * steps / least


@pytest.mark.heavy
def test_false_alarms_a_year_are_as_stated_in_streams_like_life():
    """One a year by the evidence, fewer with the margin."""
    rates = false_alarms(CALM, years=40, seed=1)
    for name in ("evidence", "rule"):
        mean, error = rates[name]
        assert mean <= 1 + 3 * error
    assert rates["rule"][0] <= rates["evidence"][0]


@pytest.mark.heavy
def test_three_points_more_errors_are_noticed_within_a_week_and_before_a_weekly_mean():
    streams = change_data(CALM, 20, seed=2)
    change = REFERENCE + GOOD_DAYS
    delays = []
    for rule in (by_rule, by_threshold):
        days = [min(day for day in rule(CALM, data) if day >= change) for data in streams]
        delays.append(float(np.median(days)) - change + 1)
    assert delays[0] <= 7
    assert delays[0] <= delays[1]

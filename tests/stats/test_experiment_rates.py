"""Live experiments simulated: users and requests as units, and what looking 200 times costs."""

import math

import numpy as np
import pytest

from evalhub.stats.levels import ALPHA, HARM_ALPHA
from tests.benchmarks.experiment_rates import (
    DAY_ONE,
    GUARDS,
    Scene,
    errors,
    our_errors,
    proven_harm,
    scenes,
    tries,
)
from tests.benchmarks.experiment_scenes import Life

MOST = 3.0
"""Standard errors of a share."""


def check(share: float, level: float, draws: int) -> None:
    assert share <= level + MOST * math.sqrt(level * (1 - level) / draws)


def test_requests_as_units_raise_false_alarms_and_users_don_t():
    """Both arms fail alike, looked at 200 times by users who come again and again."""
    life = Life(150, requests=40, likeness=0.3, arrive_by=DAY_ONE)
    scene = Scene("A/A", life, life, (0.4, 0.4))
    draws = 25
    rates = errors(np.random.default_rng(1), scene, draws=draws, metrics=1, upper_alpha=HARM_ALPHA)
    assert sum(rates["requests as units"]) > 0.3
    assert sum(rates["Evalhub"]) == 0


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(7))
def test_what_gains_nothing_or_loses_its_margin_seldom_passes(number):
    draws = 150
    rng, scene = np.random.default_rng(2), scenes()[number]
    passed, _ = our_errors(rng, scene, draws=draws, metrics=1, upper_alpha=HARM_ALPHA)
    check(passed, ALPHA, draws)


@pytest.mark.heavy
@pytest.mark.parametrize("shares", [(0.02, 0.025), (0.002, 0.003)])
def test_five_guards_at_their_margins_seldom_roll_back(shares):
    draws, life = 100, Life(3000, arrive_by=DAY_ONE)
    scene = Scene("five guards", life, life, shares)
    level = HARM_ALPHA / GUARDS
    rng = np.random.default_rng(3)
    _, harmed = our_errors(rng, scene, draws=draws, metrics=GUARDS, upper_alpha=level)
    check(harmed, HARM_ALPHA, draws)


@pytest.mark.heavy
def test_a_harm_of_three_points_is_rolled_back_long_before_the_planned_end():
    (_, *rows), _ = proven_harm(draws=80, seed=4)
    medians = {name: float(median.replace(",", "")) for name, median, _ in rows}
    assert medians["Evalhub, 5 guards"] < medians["one test at the experiment's planned end"] / 5


@pytest.mark.heavy
def test_trying_again_on_one_sequence_costs_no_more_than_once():
    (_, *rows), kept = tries(draws=1000, seed=5)
    assert kept
    fixed = [float(row[1].split()[0]) for row in rows]
    assert fixed == pytest.approx([0.025, 0.0731, 0.1189], abs=0.01)

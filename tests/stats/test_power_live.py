"""How many users a live experiment needs."""

import numpy as np
import pytest

from evalhub.stats.confidence_sequences import one_sided_half_width, one_sided_rho
from evalhub.stats.errors import StatisticsError
from evalhub.stats.power_live import LOOKS_FACTOR, smallest_effect, users_needed


def test_users_for_a_gain_by_hand():
    """(1.95996 + .84162)² = 7.8489; halves: 4·.25/.02² = 2,500 · 7.8489 = 19,622 users of one
    look, times 1.66."""
    assert users_needed(0.5, 0.02) == pytest.approx(LOOKS_FACTOR * 19_623, abs=1)


def test_a_tenth_of_the_users_in_the_challenger_needs_25_ninths_as_many():
    assert users_needed(0.5, 0.02, weight=0.1) == pytest.approx(
        users_needed(0.5, 0.02) * 0.25 / 0.09, rel=1e-4
    )


@pytest.mark.parametrize("weight", [0.5, 0.2])
def test_the_smallest_effect_is_what_so_many_users_show(weight):
    users = users_needed(0.7, 0.03, weight=weight, alpha=0.01)
    effect = smallest_effect(users, 0.7, weight=weight, alpha=0.01)
    assert effect == pytest.approx(0.03, rel=1e-4)


@pytest.mark.parametrize(("alpha", "least", "most"), [(0.025, 0.78, 0.83), (0.005, 0.82, 0.88)])
def test_so_many_users_show_the_gain_in_four_of_five_experiments(alpha, least, most):
    """200 looks, 4,000 experiments, standard error .006; at lower levels a little more often."""
    gap, looks = 0.1, 200
    users = users_needed(1.0, gap, alpha=alpha)
    t = users * np.arange(1, looks + 1) / looks
    steps = np.random.default_rng(1).normal(gap, 2 / np.sqrt(users / looks), (4000, looks))
    means = np.cumsum(steps, axis=1) / np.arange(1, looks + 1)
    rho = one_sided_rho(users, alpha)
    widths = [one_sided_half_width(2 / np.sqrt(n), n, rho=rho, alpha=alpha) for n in t]
    assert least < (means > widths).any(axis=1).mean() < most


def test_what_no_number_of_users_shows_is_refused():
    with pytest.raises(StatisticsError, match="gap of 0"):
        users_needed(0.5, 0.0)
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        users_needed(0.5, 0.1, weight=1.0)
    with pytest.raises(StatisticsError, match="0 users"):
        smallest_effect(0, 0.5)

"""How much evidence is needed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from evalhub.stats.paired import VarianceSplit
from evalhub.stats.power import (
    design_effect_of,
    discordant_sample_size,
    discordant_sd,
    effort,
    joint_sample_sizes,
    judgment_sd,
    minimum_detectable_effect,
    paired_power,
    paired_sample_size,
    preference_sample_size,
    sampled_sd,
    samples_that_suffice,
)


def test_millers_example():
    """(1.95996 + .84162)^2 * (1/9)/.03^2 = 969 (Miller 2024)."""
    assert paired_sample_size(1 / 3, 0.03) == 969


def test_a_margin_of_two_points():
    assert paired_sample_size(0.30, 0.02) == 1766
    assert paired_sample_size(0.30, -0.02, design_effect=2.0) == 3532


def test_connors_size_for_yes_no_scores():
    """Discordance .10/.05: 468.57, rounded up."""
    assert discordant_sample_size(0.10, 0.05) == 469
    assert discordant_sample_size(0.05, 0.10) == 469
    assert discordant_sample_size(0.10, 0.05, design_effect=1.5) == 703
    assert discordant_sd(0.10, 0.05) == pytest.approx(math.sqrt(0.15 - 0.0025))


@given(st.floats(0.05, 2), st.floats(0.005, 0.5), st.floats(0.5, 0.99))
def test_power_size_and_detectable_effect_agree(sd, gap, power):
    n = paired_sample_size(sd, gap, power=power)
    assert paired_power(n, sd, gap) >= power - 1e-9
    if n > 1:
        assert paired_power(n - 1, sd, gap) < power + 1e-9
    assert minimum_detectable_effect(n, sd, power=power) <= gap * (1 + 1e-9)


def test_the_planned_power_is_had_in_simulation():
    """2,000 experiments of 250 items: standard error .009."""
    rng = np.random.default_rng(0)
    d = rng.normal(0.05, 0.3, (2000, 250))
    t = d.mean(axis=1) / (d.std(axis=1, ddof=1) / math.sqrt(250))
    assert np.mean(t > 1.97) == pytest.approx(paired_power(250, 0.3, 0.05), abs=0.03)


def test_a_preference_with_ties_needs_fewer_judgments():
    """Win score .6 without ties: 7.8489 * (.25 - .01)/.01 = 188.4; with 20% ties 149.1."""
    assert preference_sample_size(0.6) == 189
    assert preference_sample_size(0.6, ties=0.2) == 150
    # 20% ties, 50% won, 30% lost: .5 (.4)^2 + .2 (.1)^2 + .3 (.6)^2 = .19
    assert judgment_sd(0.6, 0.2) == pytest.approx(math.sqrt(0.19))


def test_several_guards_share_the_allowed_misses():
    sizes = joint_sample_sizes([0.3] * 4, [0.02] * 4)
    assert sizes == [paired_sample_size(0.3, 0.02, power=0.95)] * 4
    assert joint_sample_sizes([0.3], [0.02]) == [1766]


def test_samples_reduce_what_lies_within_items_only():
    split = VarianceSplit(between=1 / 9, within_baseline=0.2, within_candidate=0.1)
    assert sampled_sd(split, 2, 4) == pytest.approx(math.sqrt(1 / 9 + 0.1 + 0.025))
    assert samples_that_suffice(split, 969, 0.03) is None
    k = samples_that_suffice(split, 1500, 0.03)
    assert paired_power(1500, sampled_sd(split, k, k), 0.03) >= 0.8
    assert paired_power(1500, sampled_sd(split, k - 1, k - 1), 0.03) < 0.8


def test_items_in_clusters_answers_judgments_and_hours():
    result = effort(
        1000, items_per_cluster=8, samples_per_item=2, judgments_per_item=1.5,
        seconds_per_judgment=40,
    )  # fmt: skip
    assert (result.clusters, result.answers, result.judgments) == (125, 2000, 1500)
    assert result.hours == pytest.approx(1500 * 40 / 3600)
    assert design_effect_of(8, 0.1) == pytest.approx(1.7)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: paired_sample_size(0, 0.02), "must be positive"),
        (lambda: paired_sample_size(math.nan, 0.02), "must be positive"),
        (lambda: paired_sample_size(0.3, 0), "gap of 0"),
        (lambda: paired_sample_size(0.3, 0.02, power=0.01), "between alpha and 1"),
        (lambda: paired_sample_size(0.3, 0.02, design_effect=0), "design effect"),
        (lambda: paired_power(0, 0.3, 0.02), "0 items can show nothing"),
        (lambda: discordant_sample_size(0.1, 0.1), "must be unequal"),
        (lambda: discordant_sample_size(0.7, 0.6), "add up to 1 or less"),
        (lambda: discordant_sample_size(0.1, 0.2, design_effect=-1), "design effect"),
        (lambda: judgment_sd(math.nan), "cannot have 0 ties"),
        (lambda: preference_sample_size(0.9, ties=0.5), "cannot have 0.5 ties"),
        (lambda: joint_sample_sizes([0.3], []), "each criterion"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(StatisticsError, match=says):
        call()

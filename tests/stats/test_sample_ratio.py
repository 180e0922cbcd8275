"""Whether users came as planned, looked at every day."""

import numpy as np
import pyarrow as pa
import pytest
import tea_tasting

from evalhub.stats.errors import StatisticsError
from evalhub.stats.sample_ratio import MISMATCH, sample_ratio_p_values, slice_p_value

EVEN = [0.5, 0.5]


@pytest.mark.parametrize(
    ("counts", "shares", "p"),
    [
        ([[500, 600]], EVEN, [0.671451]),
        ([[100, 900]], EVEN, [2.3679e-13]),
        ([[50, 450], [50, 450]], EVEN, [0.000501844, 2.3679e-13]),
        ([[5000, 5200]], EVEN, [0.52803]),
        ([[821_588, 815_482]], EVEN, [0.00015595]),
        ([[8900, 1100]], [0.9, 0.1], [0.0935358]),
    ],
)
def test_lindon_and_maleks_own_program(counts, shares, p):
    """The package ssrm's tests, with its prior of 10,000·p."""
    assert sample_ratio_p_values(counts, shares) == pytest.approx(p, rel=4e-5)


def test_once_it_is_low_it_stays_low():
    p = sample_ratio_p_values([[50, 450], [450, 50]], EVEN)
    assert p[1] == p[0] < 0.001


def test_days_may_come_by_parts():
    """The Bayes factor of two parts is that of both together."""
    parts = sample_ratio_p_values([[50, 450], [60, 440]], EVEN)
    assert parts[1] == pytest.approx(sample_ratio_p_values([110, 890], EVEN)[0], rel=1e-9)


def test_epochs_with_shares_of_their_own_are_checked_together():
    """Two epochs' factors multiply: 1/p each; by one share for all, no share would fit."""
    counts, shares = [[5000, 5200], [8900, 1100]], [[0.5, 0.5], [0.9, 0.1]]
    p = sample_ratio_p_values(counts, shares, strata=[1, 2])
    assert p == pytest.approx([0.52803, 0.52803 * 0.0935358], rel=4e-5)
    assert sample_ratio_p_values(counts, [0.7, 0.3])[1] < 1e-12


def test_looked_at_every_day_it_raises_few_false_alarms():
    """28 days of 20,000 users, 1,000 experiments: .0058 by the reference, standard error .0024."""
    rng = np.random.default_rng(1)
    first = rng.binomial(20_000, 0.5, (1000, 28))
    alarms = [
        sample_ratio_p_values(np.stack([days, 20_000 - days], axis=1), EVEN)[-1] < MISMATCH
        for days in first
    ]
    assert np.mean(alarms) < 0.02


def test_a_slice_is_tested_by_chi_square():
    """5,000 and 5,200: χ² = 200²/10,200 = 3.92; .04767 and 1.82e−6 are the reference's."""
    assert slice_p_value([5000, 5200], EVEN) == pytest.approx(0.04767, abs=5e-6)
    assert slice_p_value([821_588, 815_482], EVEN) == pytest.approx(1.82e-6, rel=2e-3)
    assert slice_p_value([0, 0], EVEN) == 1


def test_the_slice_s_p_is_tea_tastings():
    metric = tea_tasting.SampleRatio(0.25, method="norm", correction=False)
    variant = np.repeat([0, 1], [4000, 1100])
    theirs = tea_tasting.Experiment(srm=metric).analyze(pa.table({"variant": variant}))["srm"]
    assert slice_p_value([4000, 1100], [0.8, 0.2]) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_slice_over_epochs_adds_up_what_each_should_have_had():
    """(5,000 − 5,100 + 8,900 − 9,000)² over 10,200/4 + 10,000·.09 = 40,000/3,450 = 3.405²."""
    p = slice_p_value([[5000, 5200], [8900, 1100]], [[0.5, 0.5], [0.9, 0.1]])
    assert p == pytest.approx(0.000662, rel=1e-3)


@pytest.mark.parametrize(
    ("counts", "shares", "message"),
    [
        ([[1, -1]], EVEN, "0 or more"),
        ([[1, 1]], [0.5, 0.3, 0.2], "don't fit"),
        ([[1, 1]], [1.0, 0.0], "above 0"),
        ([[1, 1]], [0.5, 0.6], "add up to 1"),
    ],
)
def test_counts_and_shares_that_are_none_are_refused(counts, shares, message):
    with pytest.raises(StatisticsError, match=message):
        sample_ratio_p_values(counts, shares)


def test_a_slice_has_two_arms_and_each_row_a_stratum():
    with pytest.raises(StatisticsError, match="two arms"):
        slice_p_value([1, 1, 1], [0.4, 0.3, 0.3])
    with pytest.raises(StatisticsError, match="needs a stratum"):
        sample_ratio_p_values([[1, 1]], EVEN, strata=[1, 2])

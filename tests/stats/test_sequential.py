"""Looking early, and looking again."""

from statistics import NormalDist

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.sequential import (
    betting_sequence,
    combined_p_value,
    final_level,
    mean_sequence,
    normal_mixture_bound,
    normal_mixture_rho,
    one_sided_mixture_bound,
    proportion_sequence,
)

NORMAL = NormalDist()
TWENTY = [int(c) for c in "11011101110110111101"]


def test_the_normal_mixture():
    """L = 2 ln 20 = 5.99146, rho = 100/(L + ln(1 + L)); the one-sided bound is tuned at 2 alpha."""
    rho = normal_mixture_rho(100, 0.05)
    assert rho == pytest.approx(12.60056, abs=5e-6)
    assert normal_mixture_bound(100, rho=rho, alpha=0.05) == pytest.approx(30.35209, abs=5e-6)
    one_sided = one_sided_mixture_bound(100, rho=normal_mixture_rho(100, 0.1), alpha=0.05)
    assert one_sided == pytest.approx(27.66071, abs=5e-6)


def test_betting_on_twenty_judgments():
    lower, upper = betting_sequence(TWENTY)
    assert (lower[4], upper[4]) == pytest.approx((0.194, 1))
    assert (lower[9], upper[9]) == pytest.approx((0.360, 1))
    assert (lower[19], upper[19]) == pytest.approx((0.443, 0.964))


def test_betting_the_other_way_mirrors_the_limits():
    lower, upper = betting_sequence(TWENTY)
    mirrored_lower, mirrored_upper = betting_sequence([1 - x for x in TWENTY])
    assert mirrored_lower == pytest.approx(1 - upper)
    assert mirrored_upper == pytest.approx(1 - lower)


def test_a_long_sequence_is_the_same_in_blocks():
    values = np.tile(TWENTY, 30)
    long = betting_sequence(values)
    short = betting_sequence(values[:200])
    assert long[0][:200] == pytest.approx(short[0])


def test_the_beta_mixture_of_a_proportion():
    """With no success in 20 the limit is where (1 - p)^20 = alpha B(1, 21) = .05/21."""
    assert proportion_sequence(700, 1000) == pytest.approx((0.646985, 0.749662), abs=5e-7)
    assert proportion_sequence(15, 50) == pytest.approx((0.131445, 0.517077), abs=5e-7)
    lower, upper = proportion_sequence(0, 20)
    assert lower == 0
    assert (1 - upper) ** 20 == pytest.approx(0.05 / 21)


def test_a_hundred_looks_seldom_exclude_the_truth():
    """At z = 1.96 a hundred looks exclude it 39% of the time; a confidence sequence 5% at
    most. 400 runs put a share of .05 below .08 with chance .997."""
    rng = np.random.default_rng(0)
    usual = betting = mixture = 0
    for _ in range(400):
        x = (rng.random(300) < 0.5).astype(float)
        n = np.arange(1, 301)
        half = 1.96 * np.sqrt(0.25 / n)
        usual += bool((np.abs(np.cumsum(x) / n - 0.5) > half)[20:].any())
        lower, upper = betting_sequence(x)
        betting += bool(((lower > 0.5) | (upper < 0.5)).any())
        lower, upper = mean_sequence(x, plan=100)
        mixture += bool(((lower > 0.5) | (upper < 0.5)).any())
    assert usual > 0.25 * 400
    assert betting < 0.08 * 400
    assert mixture < 0.08 * 400


def test_a_mean_has_no_limits_before_twenty_values_or_without_variance():
    lower, upper = mean_sequence(np.arange(30.0), plan=30)
    assert np.isinf(lower[:19]).all()
    assert np.isfinite(upper[19:]).all()
    lower, _ = mean_sequence(np.ones(40), plan=30)
    assert np.isinf(lower).all()


def test_stages_combine_by_their_planned_sizes():
    """Two stages of one size: z = (1.64485 + 1.64485)/sqrt 2 = 2.32617, p = .0100."""
    assert combined_p_value([0.05, 0.05], [500, 500]) == pytest.approx(0.0100, abs=5e-5)
    assert combined_p_value([0.03], [500]) == pytest.approx(0.03)
    assert combined_p_value([0.5, 0.001], [1, 1]) < combined_p_value([0.5, 0.001], [9, 1])


def test_two_looks_share_the_error_rate():
    """Two equal stages at two-sided 5%: Pocock 1977 has 2.178 twice, O'Brien and Fleming 1979
    2.797 and then 1.977."""
    assert final_level(1 - NORMAL.cdf(2.178), (1, 1)) == pytest.approx(
        1 - NORMAL.cdf(2.178), abs=5e-5
    )
    assert final_level(1 - NORMAL.cdf(2.797), (1, 1)) == pytest.approx(
        1 - NORMAL.cdf(1.977), abs=5e-5
    )


def test_an_extension_after_a_look_keeps_the_error_rate():
    """The second stage's size follows the first's result. 20,000 runs: standard error .0011."""
    rng = np.random.default_rng(1)
    first_level = 0.005
    last = final_level(first_level, (200, 300))
    false_alarms = careless = 0
    for z in rng.normal(0, 1, 20_000):
        n = 100 if z > 1 else 1000
        extension = rng.normal(0, 1)
        pooled = (np.sqrt(200) * z + np.sqrt(n) * extension) / np.sqrt(200 + n)
        careless += z > 1.96 or pooled > 1.96
        stages = [1 - NORMAL.cdf(z), 1 - NORMAL.cdf(extension)]
        false_alarms += stages[0] < first_level or combined_p_value(stages, [200, 300]) < last
    assert false_alarms / 20_000 == pytest.approx(0.025, abs=0.0035)
    assert careless / 20_000 > 0.035


@pytest.mark.parametrize("bad", [[0.5, 1.5], [[0.5]], [float("nan")]])
def test_bets_are_between_0_and_1(bad):
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        betting_sequence(bad)


def test_a_first_look_that_spends_everything_leaves_nothing():
    with pytest.raises(StatisticsError, match="between 0 and alpha"):
        final_level(0.025, (1, 1))


def test_bad_stages_are_named():
    with pytest.raises(StatisticsError, match="planned size"):
        combined_p_value([0.1], [1, 2])
    with pytest.raises(StatisticsError, match="5 of 4"):
        proportion_sequence(5, 4)

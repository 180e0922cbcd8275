"""Looking again at more items."""

from statistics import NormalDist

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.sequential import combined_p_value, final_level, legendre_nodes

NORMAL = NormalDist()


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


def test_a_first_look_that_spends_everything_leaves_nothing():
    with pytest.raises(StatisticsError, match="between 0 and alpha"):
        final_level(0.025, (1, 1))


def test_bad_stages_are_named():
    with pytest.raises(StatisticsError, match="planned size"):
        combined_p_value([0.1], [1, 2])


@pytest.mark.parametrize("count", [2, 5, 80])
def test_gauss_and_legendres_nodes_are_those_of_the_tables(count):
    """A rule of n nodes integrates every power up to 2n − 1 exactly: x^k over [-1, 1] is
    2/(k + 1) for an even k. Two nodes: ±1/√3, with weight 1 each."""
    nodes = legendre_nodes(count)
    for power in range(0, 2 * count, 2):
        assert sum(w * x**power for x, w in nodes) == pytest.approx(2 / (power + 1), rel=1e-13)
    points, weights = np.polynomial.legendre.leggauss(count)
    assert [x for x, _ in reversed(nodes)] == pytest.approx(points, abs=1e-15)
    assert [w for _, w in reversed(nodes)] == pytest.approx(weights, rel=1e-11)

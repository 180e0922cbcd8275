"""What a doubling buys: hand-computed slopes, a published interval, coverage, and what is refused.

The full table: python -m tests.benchmarks.learning_curve_coverage.
"""

import math

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.learning_curve import learning_curve
from evalhub.stats.paired import compare
from tests.benchmarks.learning_curve_coverage import CASES, FLAT, Case, simulate

RUNS = 1_000
ERROR = math.sqrt(0.05 * 0.95 / RUNS)


def scores(*means: float, items: int = 400) -> np.ndarray:
    """Yes/no scores whose arms have exactly these means; who is right with few examples is right
    with more."""
    ranks = np.arange(items) / items
    return np.column_stack([(ranks < mean).astype(float) for mean in means])


def test_the_slope_of_a_quarter_a_half_and_all_is_half_of_the_gain_between_the_ends():
    """x = −2, −1, 0: c = (x − x̄)/2 = (−½, 0, ½)."""
    curve = learning_curve([250, 500, 1000], scores(0.5, 0.6, 0.68), worth=0.02)
    assert curve.slope.gain == pytest.approx((0.68 - 0.5) / 2)
    assert [step.gain for step in curve.steps] == pytest.approx([0.1, 0.08])
    assert curve.bend.gain == pytest.approx(0.08 - 0.1)
    assert curve.sizes == (250, 500, 1000)
    assert curve.means == pytest.approx((0.5, 0.6, 0.68))


def test_the_slope_over_unequal_steps_is_that_of_the_least_squares_line():
    """x = log2(100, 200, 1600) = a + (0, 1, 4); means .4, .5, .6. x̄ = 5/3, Σ(x − x̄)² = 26/3,
    Σ(x − x̄)·mean = −5/3·.4 − 2/3·.5 + 7/3·.6 = .4: the slope is .4·3/26 = .0461538."""
    curve = learning_curve([100, 200, 1600], scores(0.4, 0.5, 0.6), worth=0.02)
    assert curve.slope.gain == pytest.approx(0.4 * 3 / 26)
    # the parabola through three points: f[x0,x1,x2] = ((.1/3) − .1)/4, doubled
    assert curve.bend.gain == pytest.approx(2 * (0.1 / 3 - 0.1) / 4)
    last = curve.steps[-1]
    assert last.doublings == pytest.approx(3)
    assert last.per_doubling[0] == pytest.approx(0.1 / 3)


def test_the_slope_of_two_sizes_has_tangos_published_interval():
    """Tango (1998, table): 1 and 7 discordant of 21 pairs have a difference of 6/21. Its exact
    limits, which `compare` gives for so few, hold for the slope of one doubling, and half of them
    for that of two."""
    rows = [(1, 0)] * 1 + [(0, 1)] * 7 + [(1, 1)] * 13
    pairs = np.array(rows, dtype=float)
    published = compare(pairs[:, 0], pairs[:, 1])
    once = learning_curve([500, 1000], pairs, worth=0.02).slope
    twice = learning_curve([250, 1000], pairs, worth=0.02).slope
    assert once.gain == pytest.approx(6 / 21)
    assert (once.lower, once.upper) == pytest.approx((published.lower, published.upper))
    assert (twice.lower, twice.upper) == pytest.approx((published.lower / 2, published.upper / 2))


def test_arms_of_one_size_count_together_in_its_mean_and_each_in_the_slope():
    table = scores(0.5, 0.56, 0.6, 0.64)
    curve = learning_curve([500, 500, 1000, 1000], table, worth=0.02)
    assert curve.means == pytest.approx((0.53, 0.62))
    assert curve.slope.gain == pytest.approx(0.09)
    assert curve.bend is None


def test_of_a_metric_that_falls_a_gain_is_a_fall():
    falls = 0.2 + np.tile([-0.1, 0.1], 100)
    losses = np.column_stack([np.full(200, 2.0), 2.0 - falls])
    curve = learning_curve([500, 1000], losses, worth=0.05, rises=False, bounds=(0, 4))
    assert curve.slope.gain == pytest.approx(0.2)
    assert curve.conclusion == "rises"


def test_clusters_widen_the_interval_and_weights_move_the_slope():
    rng = np.random.default_rng(3)
    of_cluster = np.repeat(rng.random((20, 2)) < [0.4, 0.6], 10, axis=0).astype(float)
    labels = [str(cluster) for cluster in np.repeat(np.arange(20), 10)]
    alone = learning_curve([500, 1000], of_cluster, worth=0.02).slope
    clustered = learning_curve([500, 1000], of_cluster, worth=0.02, clusters=labels).slope
    assert clustered.upper - clustered.lower > 2 * (alone.upper - alone.lower)
    table = scores(0.5, 0.75, items=40)
    weights = np.where(table[:, 0] == table[:, 1], 1.0, 3.0)
    assert learning_curve([5, 10], table, worth=0.02, weights=weights).slope.gain == pytest.approx(
        30 / 60
    )


def test_a_straight_rise_promises_what_the_slope_and_the_last_doubling_surely_gain():
    curve = learning_curve([250, 500, 1000], scores(0.5, 0.6, 0.7), worth=0.02)
    assert curve.conclusion == "rises"
    assert curve.next.examples == 2000
    assert curve.next.lower == min(curve.slope.lower, curve.steps[-1].lower)
    assert curve.next.upper == curve.slope.upper
    assert 0 < curve.next.lower < 0.1 < curve.next.upper


def test_a_slope_alone_promises_nothing_where_the_last_doubling_may_have_gained_nothing():
    """Two of a hundred items more: that is no bend for sure, and no gain."""
    curve = learning_curve([250, 500, 1000], scores(0.5, 0.58, 0.6, items=100), worth=0.02)
    assert curve.slope.lower > 0
    assert curve.next.lower <= 0
    assert curve.conclusion == "unclear"


def test_a_flat_curve_has_stopped_once_the_items_show_it_and_is_unclear_before():
    """Of each arm another tenth of the items is wrong."""
    many, few = (np.ones((items, 3)) for items in (5000, 50))
    for table in (many, few):
        tenth = len(table) // 10
        for arm in range(3):
            table[arm * tenth : (arm + 1) * tenth, arm] = 0
    assert learning_curve([250, 500, 1000], many, worth=0.02).conclusion == "stopped"
    assert learning_curve([250, 500, 1000], few, worth=0.02).conclusion == "unclear"


def test_a_curve_that_surely_flattens_promises_nothing_though_its_slope_is_positive():
    curve = learning_curve([250, 500, 1000], scores(0.4, 0.7, 0.7, items=1000), worth=0.02)
    assert curve.slope.lower > 0 > curve.bend.upper
    assert (curve.next.gain, curve.next.lower) == (None, None)
    assert curve.next.upper == curve.steps[-1].upper
    assert curve.conclusion == "stopped"


def test_a_curve_that_surely_steepens_gains_at_least_its_slope():
    curve = learning_curve([250, 500, 1000], scores(0.4, 0.42, 0.7, items=1000), worth=0.02)
    assert curve.bend.lower > 0
    assert curve.next.lower == curve.slope.lower
    assert curve.next.upper is None
    assert curve.conclusion == "rises"


@pytest.mark.parametrize(
    ("sizes", "table", "message"),
    [
        ([500, 500], [[1, 0], [0, 1]], "two different numbers"),
        ([500], [[1, 0], [0, 1]], "a size an arm"),
        ([0, 500], [[1, 0], [0, 1]], "1 example or more"),
        ([250, 500], [[1, 0]], "2 items or more"),
        ([250, 500], [[1, 0], [0, float("nan")]], "leave the others out"),
    ],
)
def test_what_makes_no_curve_is_refused(sizes, table, message):
    with pytest.raises(StatisticsError, match=message):
        learning_curve(sizes, table, worth=0.02)


def test_a_gain_worth_nothing_is_refused():
    with pytest.raises(StatisticsError, match="above 0"):
        learning_curve([250, 500], [[1, 0], [0, 1]], worth=0)


@pytest.mark.heavy
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_slopes_interval_holds_the_truth(case: Case):
    assert simulate(case, RUNS, seed=1).coverage >= 0.95 - 3 * ERROR


@pytest.mark.heavy
@pytest.mark.parametrize("case", [*FLAT, *(case for case in CASES if not case.gain)], ids=str)
def test_where_the_last_doubling_gained_nothing_a_rise_is_seldom_promised(case: Case):
    most = 0.025 + 3 * math.sqrt(0.025 * 0.975 / RUNS)
    assert simulate(case, RUNS, seed=2).rises <= most

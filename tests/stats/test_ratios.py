"""The ratio of two means: a published interval, its coverage, and what can't be said."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError
from evalhub.stats.ratios import p_ratio_at_most, ratio_of_means

# The patch data of Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 10 and 25:
# z = old patch − placebo and y = new patch − old patch of eight subjects.
Z = np.array([8406, 2342, 8187, 8459, 4795, 3516, 4796, 10238], dtype=float)
Y = np.array([-1200, 2601, -2705, 1982, -1290, 351, -638, -2719], dtype=float)


def test_the_patch_data_have_the_published_interval() -> None:
    """Their Fieller interval of mean(y)/mean(z) = −.071 at 90% is [−.249, .170] (chapter 25).

    (y + z)/z is that and 1, and has no negative value, as times and costs haven't.
    """
    found = ratio_of_means(Z, Y + Z, alpha=0.05)
    assert found.ratio - 1 == pytest.approx(-0.0713, abs=5e-5)
    assert found.lower is not None
    assert found.upper is not None
    assert (round(found.lower - 1, 3), round(found.upper - 1, 3)) == (-0.249, 0.170)
    assert found.method == "Fieller, t(7)"


def test_the_limits_are_where_the_paired_t_test_turns() -> None:
    """At a limit r the mean of candidate − r·baseline is just t(.975, n − 1) errors from 0."""
    rng = np.random.default_rng(3)
    base = rng.lognormal(5, 0.4, 40)
    tuned = base * rng.lognormal(0.05, 0.2, 40)
    found = ratio_of_means(base, tuned)
    for limit in (found.lower, found.upper):
        assert limit is not None
        d = tuned - limit * base
        t = abs(d.mean()) / (d.std(ddof=1) / math.sqrt(40))
        assert t == pytest.approx(2.022691, abs=1e-5)


def test_the_p_value_agrees_with_the_interval() -> None:
    rng = np.random.default_rng(4)
    base = rng.lognormal(5, 0.4, 60)
    tuned = 1.1 * base * rng.lognormal(0, 0.2, 60)
    found = ratio_of_means(base, tuned, alpha=0.025)
    assert found.lower is not None
    for bound in np.linspace(0.95, 1.25, 61):
        p = p_ratio_at_most(base, tuned, bound=float(bound))
        assert (p <= 0.025) == (found.lower >= bound), bound


def test_each_end_has_its_own_level() -> None:
    found = ratio_of_means(Z, Y + Z, alpha=0.01, upper_alpha=0.2)
    assert found.lower == ratio_of_means(Z, Y + Z, alpha=0.01).lower
    assert found.upper == ratio_of_means(Z, Y + Z, alpha=0.2).upper
    assert (found.alpha, found.upper_alpha) == (0.01, 0.2)


def lognormal(
    rng: np.random.Generator, clusters: int, size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Times of items in clusters: some items take longer, some clusters are slowed more.

    The ratio is 1.1 in the mean.
    """
    labels = np.repeat(np.arange(clusters), size)
    n = labels.size
    item = rng.lognormal(5, 0.5, clusters)[labels] * rng.lognormal(0, 0.4, n)
    slowed = 1.1 * rng.lognormal(-(0.15**2) / 2, 0.15, clusters)[labels] if size > 1 else 1.1
    return item * rng.lognormal(0, 0.2, n), item * slowed * rng.lognormal(0, 0.2, n), labels


@pytest.mark.parametrize(
    ("clusters", "size"), [(8, 1), (20, 1), (50, 1), (200, 1), (10, 5), (20, 20), (40, 5)]
)
def test_a_nominal_95_percent_interval_covers_by_simulation(clusters: int, size: int) -> None:
    """1,500 draws: the error at .95 is .0056, at .025 .0040. The upper end is what a budget rests
    on, so each side is held to its own: at most .025 and three errors."""
    rng = np.random.default_rng(20)
    over = under = 0
    for _ in range(1500):
        base, tuned, labels = lognormal(rng, clusters, size)
        found = ratio_of_means(base, tuned, clusters=labels if size > 1 else None)
        over += found.upper is not None and found.upper < 1.1
        under += found.lower is not None and found.lower > 1.1
    assert over / 1500 <= 0.025 + 3 * 0.0040
    assert under / 1500 <= 0.025 + 3 * 0.0040
    assert 0.94 - 2 * 0.0056 <= 1 - (over + under) / 1500 <= 0.995


def test_few_items_or_clusters_give_no_interval_and_say_so() -> None:
    rng = np.random.default_rng(5)
    base = rng.lognormal(5, 0.4, 40)
    for n in (1, 2, 3, 7):
        found = ratio_of_means(base[:n], 1.1 * base[:n])
        assert (found.lower, found.upper) == (None, None)
        assert found.ratio == pytest.approx(1.1)
        assert found.method == "no interval of a ratio from fewer than 8 items"
        assert p_ratio_at_most(base[:n], 9 * base[:n], bound=1.0) == 1.0
    labels = [f"c{i % 5}" for i in range(40)]
    found = ratio_of_means(base, 1.1 * base, clusters=labels)
    assert (found.upper, found.clusters) == (None, 5)
    assert found.method == "no interval of a ratio from fewer than 8 clusters"


def test_clusters_have_half_their_degrees_of_freedom_on_the_safe_side() -> None:
    """Twenty clusters of one differ from twenty items only in t(9.5) for t(19)."""
    rng = np.random.default_rng(8)
    base = np.repeat(rng.lognormal(5, 0.4, 20), 2)
    tuned = base * np.repeat(rng.lognormal(0.05, 0.2, 20), 2)
    single = ratio_of_means(base[::2], tuned[::2])
    pairs = ratio_of_means(base, tuned, clusters=[i // 2 for i in range(40)])
    assert (single.method, pairs.method) == ("Fieller, t(19)", "Fieller over 20 clusters, t(9.5)")
    assert single.upper is not None
    assert pairs.upper is not None
    assert pairs.upper > single.upper


def test_one_cluster_gives_no_interval() -> None:
    base = np.arange(1.0, 41.0)
    assert ratio_of_means(base, 1.1 * base, clusters=["a"] * 40).upper is None


def test_a_ratio_that_all_items_share_needs_more_of_them() -> None:
    base = np.arange(1.0, 101.0)
    few, many = ratio_of_means(base[:49], 1.1 * base[:49]), ratio_of_means(base, 1.1 * base)
    assert (few.upper, few.method) == (
        None,
        "no interval of a ratio that 49 items have alike, below 50",
    )
    assert (many.lower, many.upper) == (pytest.approx(1.1), pytest.approx(1.1))


def test_a_baseline_that_may_be_0_leaves_the_ratio_unbounded() -> None:
    base = np.array([0.0] * 39 + [1.0])
    found = ratio_of_means(base, np.ones(40))
    assert (found.lower, found.upper) == (None, None)


@pytest.mark.parametrize(
    ("base", "tuned", "says"),
    [
        ([0.0] * 10, [1.0] * 10, "the baseline's mean is 0"),
        ([1.0] * 9 + [-1.0], [1.0] * 10, "values of 0 or more, and one is -1"),
        ([1.0] * 10, [1.0] * 9, "both need the same items"),
        ([1.0] * 10, [1.0] * 9 + [math.nan], "no finite score"),
        ([], [], "not empty"),
    ],
)
def test_what_has_no_ratio_is_refused(base: list[float], tuned: list[float], says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        ratio_of_means(base, tuned)


@given(
    st.integers(8, 40),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.booleans(),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_order_units_and_labels_do_not_matter(
    n: int, seed: int, clustered: bool, weighted: bool, unit: float, other: float
) -> None:
    """Milliseconds or seconds, one arm's unit another than the other's: the ratio follows."""
    rng = np.random.default_rng(seed)
    base, tuned = rng.lognormal(0, 0.3, n), rng.lognormal(0, 0.3, n)
    labels = rng.integers(0, max(n // 2, 1), n)
    weights = rng.uniform(0.5, 2, n)
    order = rng.permutation(n)

    def measured(index: NDArray[np.intp], a: float, b: float, shift: int) -> list[float | None]:
        found = ratio_of_means(
            a * base[index],
            b * tuned[index],
            clusters=labels[index] + shift if clustered else None,
            weights=weights[index] if weighted else None,
        )
        return [found.ratio, found.lower, found.upper]

    plain = measured(np.arange(n), 1.0, 1.0, 0)
    moved = measured(order, unit, other, 100)
    for one, another in zip(plain, moved, strict=True):
        assert (one is None) == (another is None)
        if one is not None and another is not None:
            assert another == pytest.approx(one * other / unit, rel=1e-6)


@given(st.integers(8, 40), st.integers(0, 2**32 - 1))
def test_swapping_the_arms_turns_the_interval_over(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    base, tuned = rng.lognormal(0, 0.3, n), rng.lognormal(0, 0.3, n)
    one, other = ratio_of_means(base, tuned), ratio_of_means(tuned, base)
    assert one.lower is not None
    assert one.upper is not None
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.lower == pytest.approx(1 / one.upper, rel=1e-6)
    assert other.upper == pytest.approx(1 / one.lower, rel=1e-6)

"""The ratio of two quantiles: exact ranks, its ends' levels, and what too few items can't say."""

import math
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from evalhub.stats.errors import StatisticsError
from evalhub.stats.quantiles import fewest_items, p_quantile_ratio, ratio_of_quantiles

Array = NDArray[np.float64]
TOP = 1.6448536  # the 95% quantile of a standard normal


def times(seed: int, n: int, ratio: float = 1.0) -> tuple[Array, Array]:
    """Two arms' times; the 95% quantile of the second is `ratio` times the first's."""
    rng = np.random.default_rng(seed)
    return rng.lognormal(5, 0.5, n), ratio * rng.lognormal(5, 0.5, n)


def test_against_a_fixed_baseline_the_ends_are_the_exact_order_statistics() -> None:
    """Of 100 values the 95% quantile lies from between the 90th and 91st to between the 99th and
    100th, .975 sure on each side: P(Bin(100, .95) <= 89) = .0115 and <= 90 = .0282; P(<= 98) =
    .9629 and <= 99 = .9941. Between them the binomial is I(.05; 100 − k, k + 1), the incomplete
    beta function."""
    flat, rising = np.ones(100), np.arange(1.0, 101.0)
    found = ratio_of_quantiles(flat, rising, quantile=0.95)
    due = []
    for chance in (0.025, 0.975):
        k = optimize.brentq(lambda k, c=chance: special.betainc(100 - k, k + 1, 0.05) - c, 80, 99.9)
        first = math.floor(k + 1)
        due.append(first * ((first + 1) / first) ** (k + 1 - first))
    assert (found.lower, found.ratio, found.upper) == pytest.approx((due[0], 95.0, due[1]))


def test_the_same_whatever_the_unit_and_the_order() -> None:
    base, tuned = times(1, 300, 1.1)
    found = ratio_of_quantiles(base, tuned, quantile=0.95)
    order = np.random.default_rng(2).permutation(300)
    other = ratio_of_quantiles(base[order] / 1000, tuned[order] / 1000, quantile=0.95)
    assert (other.ratio, other.lower, other.upper) == pytest.approx(
        (found.ratio, found.lower, found.upper)
    )


def test_72_items_are_the_fewest_for_a_p95_and_it_says_so() -> None:
    assert fewest_items(0.95) == 72
    base, tuned = times(3, 72)
    assert ratio_of_quantiles(base, tuned, quantile=0.95).upper is not None
    found = ratio_of_quantiles(base[:71], tuned[:71], quantile=0.95)
    assert found.upper is None
    assert found.method == "no interval of a 95% quantile from fewer than 72 items"


def test_clusters_need_more_items_and_widen_the_interval() -> None:
    base, tuned = times(4, 400)
    conversations = np.repeat(np.arange(40), 10)
    base, tuned = (each * (1 + conversations / 40) for each in (base, tuned))
    alone = ratio_of_quantiles(base, tuned, quantile=0.95)
    together = ratio_of_quantiles(base, tuned, quantile=0.95, clusters=conversations)
    assert alone.upper is not None
    assert together.upper is not None
    assert together.upper > alone.upper
    few = ratio_of_quantiles(base[:100], tuned[:100], quantile=0.95, clusters=conversations[:100])
    assert few.upper is None
    assert "such as these" in few.method


def test_several_samples_of_an_item_are_its_cluster() -> None:
    base, tuned = (each.reshape(100, 4) for each in times(5, 400))
    samples = ratio_of_quantiles(base, tuned, quantile=0.95)
    labels = np.repeat(np.arange(100), 4)
    flat = ratio_of_quantiles(base.ravel(), tuned.ravel(), quantile=0.95, clusters=labels)
    assert (samples.lower, samples.upper) == pytest.approx((flat.lower, flat.upper))
    assert samples.n == 100


def test_an_item_that_counts_twice_is_two() -> None:
    base, tuned = times(6, 200)
    weights = np.where(np.arange(200) < 100, 2.0, 1.0)
    twice = np.concatenate([np.arange(200), np.arange(100)])
    found = ratio_of_quantiles(base, tuned, quantile=0.95, weights=weights)
    again = ratio_of_quantiles(base[twice], tuned[twice], quantile=0.95)
    assert found.ratio == pytest.approx(again.ratio)


def test_the_p_value_turns_where_the_interval_ends() -> None:
    base, tuned = times(7, 500, 1.3)
    found = ratio_of_quantiles(base, tuned, quantile=0.95, alpha=0.02)
    assert found.upper is not None

    def p(bound: float, alternative: Literal["less", "greater"]) -> float:
        return p_quantile_ratio(base, tuned, quantile=0.95, bound=bound, alternative=alternative)

    assert p(found.lower * 0.999, "greater") <= 0.0201
    assert p(found.lower * 1.001, "greater") >= 0.0199
    assert p(found.upper * 1.001, "less") <= 0.0201
    assert p(found.upper * 0.999, "less") >= 0.0199


@pytest.mark.heavy
@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize(("spread_base", "spread_tuned"), [(0.5, 0.5), (0.3, 1.0), (1.0, 0.3)])
def test_a_ratio_is_missed_no_more_often_than_its_level_on_either_side(
    n: int, spread_base: float, spread_tuned: float
) -> None:
    """In 1,000 draws at .05 a side; the arms' tails are of different shapes."""
    rng, draws, alpha = np.random.default_rng(8), 1000, 0.05
    below = above = 0
    for _ in range(draws):
        base = np.exp(spread_base * (rng.normal(size=n) - TOP))
        tuned = 1.2 * np.exp(spread_tuned * (rng.normal(size=n) - TOP))
        found = ratio_of_quantiles(base, tuned, quantile=0.95, alpha=alpha)
        assert found.upper is not None
        below += found.upper < 1.2
        above += found.lower > 1.2
    most = alpha + 2 * math.sqrt(alpha * (1 - alpha) / draws)
    assert below / draws <= most
    assert above / draws <= most


def test_what_no_ratio_can_be_of_is_refused() -> None:
    with pytest.raises(StatisticsError, match="one is -1"):
        ratio_of_quantiles(np.full(80, -1.0), np.ones(80), quantile=0.95)
    with pytest.raises(StatisticsError, match="quantile is 0"):
        ratio_of_quantiles(np.zeros(80), np.ones(80), quantile=0.95)
    with pytest.raises(StatisticsError, match="above 0"):
        p_quantile_ratio(np.ones(80), np.ones(80), quantile=0.95, bound=0, alternative="less")

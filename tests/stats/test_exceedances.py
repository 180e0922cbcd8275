"""Both arms' quantiles at once: the deviance beside a search, and what a gap doesn't break."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize

from evalhub.stats.exceedances import ContingencyTables, Exceedances, deviances
from evalhub.stats.quantiles import p_quantile_ratio, ratio_of_quantiles

Array = NDArray[np.float64]
ABOVE = 0.05


def searched(counts: Array, above: float) -> float:
    """Of counts of both, first alone, second alone and none: twice the likelihood's loss, an item,
    of the best shares with at most `above` in the first arm and at least `above` in the second."""
    shares = counts / counts.sum()

    def loss(fit: Array) -> float:
        return -2 * float(shares @ np.log(np.maximum(fit, 1e-12)))

    found = optimize.minimize(
        loss,
        np.array([above / 2, above / 3, above, 1 - 11 / 6 * above]),
        bounds=[(1e-12, 1)] * 4,
        constraints=[
            {"type": "eq", "fun": lambda fit: fit.sum() - 1},
            {"type": "ineq", "fun": lambda fit: above - fit[0] - fit[1]},
            {"type": "ineq", "fun": lambda fit: fit[0] + fit[2] - above},
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return float(found.fun - loss(shares))


@pytest.mark.parametrize(
    "counts",
    [
        (8, 9, 1, 182),  # both bind
        (2, 14, 2, 182),
        (1, 20, 14, 165),  # the first alone
        (1, 2, 1, 196),  # the second alone
        (5, 3, 7, 185),  # neither
        (4, 12, 3, 81),
    ],
)
def test_the_deviance_is_what_a_search_finds(counts: tuple[int, ...]) -> None:
    shares = np.array(counts, dtype=float) / sum(counts)
    table = ContingencyTables(*(np.array([share]) for share in shares[:3]))
    due = searched(np.array(counts, dtype=float), ABOVE)
    assert deviances(table, ABOVE)[0] == pytest.approx(max(due, 0.0), abs=1e-5)


def test_the_least_over_all_cuts_is_taken() -> None:
    """Every cut counted by hand, also those between values and beyond all of them."""
    rng = np.random.default_rng(11)
    first, second = rng.lognormal(0, 0.5, (2, 40))
    both = Exceedances(first, second, np.full(40, 1 / 40), 0.1, 40)
    for ratio in (0.7, 1.0, 1.6):
        cuts = np.concatenate([first, second / ratio, [99.0]])
        one = ratio * first[:, None] > ratio * cuts
        # At or above, whatever the rounding of a cut that is one of its own values.
        other = second[:, None] >= ratio * cuts * (1 - 1e-12)
        tables = ContingencyTables(
            (one & other).mean(axis=0), (one & ~other).mean(axis=0), (~one & other).mean(axis=0)
        )
        assert both.deviance(ratio) == pytest.approx(float(deviances(tables, 0.1).min()), abs=1e-9)


def test_several_samples_and_weights_are_more_items() -> None:
    rng = np.random.default_rng(12)
    base, tuned = rng.lognormal(0, 0.5, (2, 120))
    weights = np.where(np.arange(120) < 60, 2.0, 1.0)
    twice = np.concatenate([np.arange(120), np.arange(60)])
    shares = weights / weights.sum()
    weighted = Exceedances(base, tuned, shares, ABOVE, 120)
    repeated = Exceedances(base[twice], tuned[twice], np.full(180, 1 / 180), ABOVE, 120)
    assert weighted.deviance(1.3) == pytest.approx(repeated.deviance(1.3), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_where_values_have_a_gap_at_the_quantile_few_items_decide_nothing(seed: int) -> None:
    """Ten of 200 answers of one arm are slow and eleven of the other, nearly all the same items:
    one quantile lies below the gap and one above, and the ratio may be 20, 1 or 1/20."""
    times = np.random.default_rng(seed).lognormal(0, 0.3, (2, 200))
    times[0, :11] *= 20
    times[1, 1:11] *= 20
    found = ratio_of_quantiles(times[0], times[1], quantile=0.95)
    assert found.ratio < 0.3
    assert found.upper is not None
    assert found.upper > 0.9
    assert found.lower < found.ratio
    assert p_quantile_ratio(*times, quantile=0.95, bound=0.9, alternative="less") > 0.025


def test_items_that_are_slow_in_both_arms_narrow_the_interval() -> None:
    rng = np.random.default_rng(13)
    item, own = rng.normal(size=(2, 400))
    base = np.exp(0.5 * item)
    alike = np.exp(0.5 * (0.95 * item + math.sqrt(1 - 0.95**2) * own))
    apart = rng.permutation(alike)
    paired = ratio_of_quantiles(base, alike, quantile=0.95)
    unpaired = ratio_of_quantiles(base, apart, quantile=0.95)
    assert paired.upper is not None
    assert unpaired.upper is not None
    assert paired.ratio == unpaired.ratio
    assert math.log(paired.upper / paired.lower) < 0.7 * math.log(unpaired.upper / unpaired.lower)


def test_arms_without_any_spread_have_the_ratio_that_they_have() -> None:
    found = ratio_of_quantiles(np.full(100, 250.0), np.full(100, 300.0), quantile=0.95)
    assert (found.lower, found.ratio, found.upper) == pytest.approx((1.2, 1.2, 1.2))

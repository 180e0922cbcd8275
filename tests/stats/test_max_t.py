"""Several arms at one error level, by their joint law."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from evalhub.decision.levels import level_of
from evalhub.stats.distributions import normal_cdf
from evalhub.stats.errors import StatisticsError
from evalhub.stats.max_t import any_passes, correlation_floor, level_per_arm
from tests.benchmarks.max_t_rates import LEVEL, Array, Scene, graded, rate, yes_no

# Dunnett 1955, table 1a: one-sided 5% points at infinite degrees of freedom, correlation 1/2.
DUNNETT = {2: 1.92, 3: 2.06, 4: 2.16, 5: 2.23, 6: 2.29, 7: 2.34, 8: 2.38, 9: 2.42}


@pytest.mark.parametrize(("arms", "point"), DUNNETT.items())
def test_the_level_at_correlation_one_half_is_dunnett_s(arms: int, point: float) -> None:
    level = level_per_arm(0.05, arms, (0.5,))
    assert normal_cdf(-(point + 0.006)) < level < normal_cdf(-(point - 0.006))


@pytest.mark.parametrize("correlation", [0.1, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("arms", [2, 5, 10])
def test_the_arms_level_spends_just_the_whole_and_no_less_than_bonferroni_s(
    arms: int, correlation: float
) -> None:
    rng = np.random.default_rng(arms)
    level = level_per_arm(0.025, arms, (correlation,))
    assert 0.025 / arms <= level < 0.025
    shared, own = rng.standard_normal((200_000, 1)), rng.standard_normal((200_000, arms))
    z = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
    chance = (z > -_quantile(level)).any(axis=1).mean()
    assert chance == pytest.approx(0.025, abs=4 * math.sqrt(0.025 / 200_000))


def test_one_arm_has_the_whole_and_no_correlation_is_bonferroni() -> None:
    assert level_per_arm(0.0152, 1, (0.0,)) == 0.0152
    assert level_per_arm(0.0152, 4, (0.0,)) == pytest.approx(0.0152 / 4, rel=1e-11)
    assert any_passes(0.001, 4, -0.3) == pytest.approx(0.004)


def test_the_level_rises_with_the_correlation_and_falls_with_arms_and_criteria() -> None:
    by_correlation = [level_per_arm(0.0152, 3, (r,)) for r in (0.0, 0.3, 0.6, 0.9, 0.99)]
    assert by_correlation == sorted(by_correlation)
    by_arms = [level_per_arm(0.0152, m, (0.8,)) for m in (1, 2, 3, 5, 10)]
    assert by_arms == sorted(by_arms, reverse=True)
    by_criteria = [level_per_arm(0.0152, 6, (0.8,) * count) for count in (1, 2, 3, 6, 7)]
    assert by_criteria == sorted(by_criteria, reverse=True)


def test_with_a_criterion_for_each_arm_errors_add_up() -> None:
    """One of two arms gains nothing, and the other is at the edge of a guard on other items."""
    assert level_per_arm(0.0152, 2, (0.95, 0.95)) == pytest.approx(0.0152 / 2, rel=1e-11)
    assert level_per_arm(0.0152, 3, (0.95, 0.0)) == pytest.approx(0.0152 / 3, rel=1e-11)


@pytest.mark.parametrize(
    ("level", "arms", "correlations"), [(0.0, 2, (0.5,)), (0.6, 2, (0.5,)), (0.02, 2, ())]
)
def test_what_can_t_be_shared_is_refused(
    level: float, arms: int, correlations: tuple[float, ...]
) -> None:
    with pytest.raises(StatisticsError, match="can't share"):
        level_per_arm(level, arms, correlations)


def test_the_floor_lies_below_the_correlation_seen_and_finds_it_with_many_items() -> None:
    rng = np.random.default_rng(1)
    draws = [graded(n, 2, 0.8)(rng) for n in (50, 500, 50_000)]
    floors = [correlation_floor(each) for each in draws]
    seen = [float(np.corrcoef(*each).item(1)) for each in draws]
    assert all(floor < r for floor, r in zip(floors, seen, strict=True))
    assert floors[-1] == pytest.approx(0.8, abs=0.01)


def test_the_floor_is_that_of_the_two_arms_that_are_least_alike() -> None:
    rng = np.random.default_rng(2)
    first, second = graded(5000, 2, 0.9)(rng)
    floor = correlation_floor(np.array([first, second, 0.17 * rng.standard_normal(5000) + first]))
    assert floor < correlation_floor(np.array([first, second]))


@pytest.mark.parametrize(
    "differences",
    [
        np.zeros((2, 100)),
        np.array([[1.0, -1.0] * 4 + [0.0] * 92] * 2),
        np.array([[1.0, -1.0] * 50, [-1.0, 1.0] * 50]),
        np.ones((1, 100)),
    ],
    ids=["nothing differs", "eight differ", "opposed", "one arm"],
)
def test_where_no_correlation_can_be_shown_there_is_none(differences: Array) -> None:
    assert correlation_floor(differences) == 0.0


def test_clusters_and_weights_count_as_in_the_interval() -> None:
    """A cluster's items move together: 400 items in 20 clusters are 20 values."""
    rng = np.random.default_rng(3)
    of_cluster = graded(20, 2, 0.9)(rng)
    labels = np.repeat(np.arange(20), 20)
    items = of_cluster[:, labels] + 0.01 * rng.standard_normal((2, 400))
    clustered = correlation_floor(items, labels)
    assert clustered == pytest.approx(correlation_floor(of_cluster), abs=0.02)
    assert clustered < correlation_floor(items)
    weights = np.where(np.arange(400) < 200, 1.0, 1e-9)
    assert correlation_floor(items, labels, weights) == pytest.approx(
        correlation_floor(items[:, :200], labels[:200]), abs=0.1
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("draw", "arms", "guard"),
    [
        (yes_no(100, 3, 0.8, 0.2), 3, False),
        (yes_no(400, 10, 0.95, 0.1), 10, False),
        (graded(40, 10, 0.95), 10, False),
        (graded(200, 5, 0.8), 5, False),
        (graded(400, 4, 0.8), 4, True),
    ],
    ids=["yes/no, 3", "yes/no, 10", "graded, n = 40", "graded, 5", "a primary and a guard"],
)
def test_any_of_the_arms_ships_wrongly_no_oftener_than_one_look_may(
    draw: Callable[[np.random.Generator], Array], arms: int, guard: bool
) -> None:
    draws = 1500
    found = rate(Scene("", arms, draw, guard), draws, seed=5)
    error = math.sqrt(LEVEL * (1 - LEVEL) / draws)
    assert level_of(1, alpha=0.025) == LEVEL
    assert found.max_t <= LEVEL + 2 * error
    assert found.bonferroni <= found.max_t
    assert found.share > 1 / arms


def _quantile(p: float) -> float:
    low, high = -9.0, 0.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if normal_cdf(middle) < p else (low, middle)
    return low

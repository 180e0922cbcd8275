"""Exact limits of yes/no differences, beside every outcome counted one by one."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta

from evalhub.stats.exact import GAMMA, ExactShares, lower_limit, p_at_most
from tests.benchmarks.one_sided_yes_no import chance as chance_of_a_pass
from tests.benchmarks.one_sided_yes_no import fewest_by_mid_p, fewest_wins, size
from tests.stats.test_intervals import tango_statistic

Array = NDArray[np.float64]


def tango_lower(losses: int, wins: int, n: int, z: float) -> float:
    low, high = -1.0, (wins - losses) / n
    for _ in range(50):
        middle = (low + high) / 2
        passed = losses < n and tango_statistic(losses, wins, n, middle) >= z
        low, high = (middle, high) if passed else (low, middle)
    return low


def chance(n: int, outcomes: list[tuple[int, int]], won: float, lost: float) -> float:
    """Of any of the outcomes (wins, losses), by the trinomial distribution."""
    total = 0.0
    for w, x in outcomes:
        ways = math.comb(n, w) * math.comb(n - w, x)
        total += ways * won**w * lost**x * max(1 - won - lost, 0.0) ** (n - w - x)
    return total


@pytest.mark.parametrize(("n", "wins", "losses"), [(12, 6, 1), (16, 2, 2), (20, 4, 0), (18, 0, 7)])
def test_at_the_limit_the_likeliest_truth_has_chance_alpha(n: int, wins: int, losses: int) -> None:
    """The outcomes whose Tango limit (z = 1.96) is no lower, counted one by one over a grid of
    the shares of losses: at the limit the largest of their chances is .025."""
    found = lower_limit(n, wins, losses, 0.025)
    own = tango_lower(losses, wins, n, 1.959964)
    as_good = [
        (w, x)
        for w in range(n + 1)
        for x in range(n + 1 - w)
        if tango_lower(x, w, n, 1.959964) >= own - 1e-9
    ]
    shares = np.linspace(max(-found, 0.0), (1 - found) / 2, 800)
    largest = max(chance(n, as_good, share + found, share) for share in shares)
    assert largest == pytest.approx(0.025, abs=2e-5)


def test_nothing_lost_by_anyone_is_the_exact_limit_of_a_share() -> None:
    """All of 20 won: the wins' share is at least .025^(1/20), so the difference that less what
    is left: 2·.8316 − 1 (Clopper and Pearson 1934)."""
    assert lower_limit(20, 20, 0, 0.025) == pytest.approx(2 * 0.025 ** (1 / 20) - 1, abs=1e-4)


def test_limits_and_p_values_agree_at_every_level() -> None:
    for n, wins, losses in ((30, 6, 2), (400, 60, 40), (5000, 30, 20)):
        for alpha in (0.1, 0.025, 0.000608):
            limit = lower_limit(n, wins, losses, alpha)
            steps = [p_at_most(limit + step, n, wins, losses, alpha) for step in (-0.02, 0, 1e-5)]
            assert steps[0] < steps[1] <= alpha < steps[2]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_ends_of_the_scale(n: int) -> None:
    assert lower_limit(n, 0, n, 0.025) == -1.0
    assert -1 < lower_limit(n, n, 0, 0.025) < 1
    assert p_at_most(-1.5, n, 0, 0, 0.025) == 0
    assert p_at_most(1.0, n, n, 0, 0.025) == 1
    assert p_at_most(-1.0, n, 0, n, 0.025) >= GAMMA


@pytest.mark.heavy
@pytest.mark.parametrize("alpha", [0.025, 0.0152])
@pytest.mark.parametrize("n", [15, 20, 36, 60])
def test_no_true_discordance_passes_a_lost_guard_more_often_than_alpha(
    n: int, alpha: float
) -> None:
    """The chances are enumerated, so there is no error to allow for. Tango's limits reach .0396. A
    margin of 0 is a primary that gains nothing."""
    for margin in (0.0, 0.02, 0.05, 0.1):
        assert size(n, margin, fewest_wins(n, margin, alpha)) <= alpha


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("alpha", "n", "power", "with_mid_p"),
    [
        (0.025, 40, 0.550, 0.353),
        (0.025, 60, 0.829, 0.700),
        (0.025, 100, 0.979, 0.964),
        (0.015198, 40, 0.351, 0.194),
        (0.015198, 60, 0.692, 0.534),
        (0.015198, 100, 0.955, 0.922),
    ],
)
def test_power_of_a_gain_where_a_tenth_of_the_items_differ(
    alpha: float, n: int, power: float, with_mid_p: float
) -> None:
    """.099 won, .001 lost. Enumerated here; the figures are those of an enumeration of another
    hand, and the first is nearly P(Bin(40, .099) >= 4) = .569."""
    wins, lost = fewest_wins(n, 0.0, alpha), np.array([0.001])
    assert chance_of_a_pass(n, wins, 0.098, lost)[0] == pytest.approx(power, abs=6e-4)
    both = fewest_by_mid_p(n, wins, alpha)
    assert chance_of_a_pass(n, both, 0.098, lost)[0] == pytest.approx(with_mid_p, abs=6e-4)


@pytest.mark.parametrize(("n", "wins", "losses"), [(21, 7, 1), (30, 4, 0), (12, 9, 2), (40, 5, 1)])
def test_the_p_value_is_the_likeliest_chance_of_as_good_a_z(n: int, wins: int, losses: int) -> None:
    """Outcomes with (w − x)/√(w + x) no smaller, summed one by one, at the share of losses (and of
    wins) that makes them likeliest, of those that the losses seen leave; twice, for two sides. The
    product tries fewer shares."""
    own = (wins - losses) / math.sqrt(wins + losses)
    as_good = [
        (w, x)
        for w in range(1, n + 1)
        for x in range(min(w, n - w + 1))
        if (w - x) / math.sqrt(w + x) >= own - 1e-9
    ]
    least = beta.ppf(GAMMA / 2, losses, n - losses + 1) if losses else 0.0
    most = min(beta.ppf(1 - GAMMA / 2, losses + 1, n - losses), 0.5)
    largest = max(chance(n, as_good, share, share) for share in np.linspace(least, most, 1000))
    p = ExactShares(n, wins, losses, 0.2).two_sided(0.2, 0.2)
    assert p == pytest.approx(2 * (largest + GAMMA), abs=2e-5)

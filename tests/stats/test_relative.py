"""Relative yes/no guards of few items that lose just their share: how often one passes."""

import math
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.ratios import contrast, p_contrast
from evalhub.stats.relative import MOST_ITEMS, exact_p, nominal_level
from tests.benchmarks.relative_size import outcomes, passing, size

Array = NDArray[np.float64]
LOOKS = (0.025, 0.0152, 0.0038, 0.00061)


def arms(counts: NDArray[np.intp]) -> tuple[Array, Array]:
    """Scores of items that are right in both, lost, won, and wrong in both."""
    return np.repeat([1.0, 1, 0, 0], counts), np.repeat([1.0, 0, 1, 0], counts)


@pytest.mark.parametrize("n", [8, 15, 20, pytest.param(28, marks=pytest.mark.heavy)])
@pytest.mark.parametrize(
    ("factor", "alternative"), [(0.9, "greater"), (0.7, "greater"), (0.5, "greater"), (1.2, "less")]
)
def test_no_share_of_right_answers_passes_a_lost_guard_more_often_than_alpha(
    n: int, factor: float, alternative: Literal["less", "greater"]
) -> None:
    """By the score test alone it is up to .0417 at .025 with fifteen items."""
    for alpha in LOOKS:
        passed = passing(n, factor, alternative, alpha)
        assert size(n, factor, passed, tried=60) <= alpha * (1 + 1e-3)


def test_the_score_test_alone_breaks_its_level() -> None:
    alone = passing(15, 0.7, "greater", 0.025, exact=False)
    assert size(15, 0.7, alone, tried=60) == pytest.approx(0.0417, abs=2e-4)


@pytest.mark.parametrize("n", [6, 21])
def test_intervals_and_p_values_agree_on_every_outcome(n: int) -> None:
    """Of six items all outcomes, of 21 some, at levels of looks and of harm."""
    rng = np.random.default_rng(5)
    rows = outcomes(n)
    for counts in rows if n < 10 else rows[rng.integers(0, len(rows), 30)]:
        base, tuned = arms(counts)
        for factor in (0.8, 1.2):
            for alpha, upper_alpha in ((0.025, 0.0152), (0.0038, 0.05)):
                found = contrast(
                    base,
                    tuned,
                    factor=factor,
                    alpha=alpha,
                    upper_alpha=upper_alpha,
                    exact_at=factor,
                )
                above = p_contrast(
                    base, tuned, factor=factor, alternative="greater", exact_at=factor
                )
                below = p_contrast(base, tuned, factor=factor, alternative="less", exact_at=factor)
                assert (found.lower > 0) == (above <= alpha)
                assert (found.upper < 0) == (below <= upper_alpha)


def test_the_p_value_is_the_likeliest_chance_of_a_z_as_large() -> None:
    """Ten items, eight right in both, two won, none lost: outcomes with no smaller score z of
    candidate − .8·baseline, each z solved by itself, summed over a grid of shares."""
    n, factor = 10, 0.8
    p = [p_contrast(*arms(counts), factor=factor, alternative="greater") for counts in outcomes(n)]
    rows = outcomes(n)
    own = p_contrast(*arms(np.array([8, 0, 2, 0])), factor=factor, alternative="greater")
    as_good = rows[np.array(p) <= own + 1e-9]
    ways = np.array([math.factorial(n) / math.prod(map(math.factorial, row)) for row in as_good])
    largest = 0.0
    for right in np.linspace(0.01, 1, 100):
        low, high = max(0.0, 1.8 * right - 1), 0.8 * right
        for both in np.linspace(low, high, 60):
            shares = np.array([both, right - both, factor * right - both, 1 - 1.8 * right + both])
            largest = max(largest, float(ways @ np.prod(np.clip(shares, 0, 1) ** as_good, axis=1)))
    assert exact_p(n, factor, "greater", own) == pytest.approx(largest, abs=2e-4)


def test_many_items_keep_the_score_tests_level() -> None:
    assert nominal_level(MOST_ITEMS + 1, 0.9, "greater", 0.025) == 0.025
    assert exact_p(MOST_ITEMS + 1, 0.9, "greater", 0.01) == 0.01
    assert nominal_level(28, 0.9, "greater", 0.025) < 0.025

"""Samples of production: drawn by strata, weighed back, and the same again by their seed."""

import itertools
import math
import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pytest

from evalhub.stats.clusters import kish_effect
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import ALPHA
from evalhub.stats.sampling import (
    Allocation,
    DrawnStratum,
    Sample,
    SamplingFrame,
    allocate,
    draw_sample,
    weighted_quantiles,
)
from tests.benchmarks.sampling_rates import SCENES, Scene, our_tails

KEYS = [f"r{i}" for i in range(110)]
FRAME = SamplingFrame(
    KEYS,
    ["rare" if i < 10 else "usual" for i in range(110)],
    [f"c{i // 2}" for i in range(110)],
)


def draw(frame: SamplingFrame, count: int, **options: Any) -> Sample:
    usual: dict[str, Any] = {"seed": "s", "allocation": "proportional", "least": 2}
    return draw_sample(frame, count, **usual | options)


def keys_of(frame: SamplingFrame, count: int, **options: Any) -> list[str]:
    sample = draw(frame, count, **options)
    return [frame.keys[row] for row in sample.rows]


def test_each_row_stands_for_as_many_of_its_stratum():
    sample = draw(FRAME, 10, allocation="equal")
    assert sample.strata == {"rare": DrawnStratum(10, 5), "usual": DrawnStratum(100, 5)}
    weights = {FRAME.strata[row]: w for row, w in zip(sample.rows, sample.weights, strict=True)}
    assert weights == {"rare": 2.0, "usual": 20.0}
    assert sample.weights.sum() == 110


def test_kishs_effect_of_two_strata_drawn_one_to_ten():
    """10 rows, five of weight 2 and five of 20: 10·(5·4 + 5·400)/(10 + 100)² = 20200/12100."""
    sample = draw(FRAME, 10, allocation="equal")
    assert sample.design_effect == pytest.approx(20200 / 12100)
    assert sample.effective_size == pytest.approx(10 * 12100 / 20200)
    assert kish_effect(np.full(7, 3.0)) == pytest.approx(1)


def test_the_order_of_the_frame_does_not_matter():
    order = np.random.default_rng(1).permutation(110)
    turned = SamplingFrame(*([column[i] for i in order] for column in columns(FRAME)))
    assert keys_of(turned, 20) == keys_of(FRAME, 20)
    assert keys_of(FRAME, 20, seed="another") != keys_of(FRAME, 20)


def test_a_larger_draw_holds_the_smaller():
    for allocation in ("proportional", "equal"):
        draws = [set(keys_of(FRAME, n, allocation=allocation)) for n in (5, 17, 40, 110)]
        assert all(small < large for small, large in itertools.pairwise(draws))


def test_a_request_that_came_in_since_changes_the_order_of_no_other():
    more = SamplingFrame(
        *(
            [*column, new]
            for column, new in zip(columns(FRAME), ("late", "usual", "c999"), strict=True)
        )
    )
    before, after = keys_of(FRAME, 20), keys_of(more, 20)
    assert [key for key in after if key in before] == [key for key in before if key in after]


def test_what_was_drawn_before_is_left_out_with_all_that_asks_the_same():
    first = draw(FRAME, 20)
    contents = {FRAME.contents[row] for row in first.rows}
    second = draw(FRAME, 20, drawn=contents)
    assert contents.isdisjoint(FRAME.contents[row] for row in second.rows)
    assert second.left_out == sum(content in contents for content in FRAME.contents)
    assert second.weights.sum() == 110 - second.left_out


def shares(
    sizes: Mapping[Hashable, int], count: int, allocation: Allocation = "proportional"
) -> dict[Hashable, int]:
    return allocate(sizes, count, allocation=allocation, least=2)


def columns(frame: SamplingFrame) -> list[Any]:
    return [frame.keys, frame.strata, frame.contents]


def test_proportional_and_equal_allocation():
    sizes = {"a": 100, "b": 100, "c": 800}
    assert shares(sizes, 50) == {"a": 5, "b": 5, "c": 40}
    assert shares(sizes, 51, "equal") == {"a": 17, "b": 17, "c": 17}


LOHR: dict[Hashable, int] = {"NC": 1054, "NE": 220, "S": 1382, "W": 422}
"""Counties of the United States by region: Lohr 1999, Sampling: Design and Analysis, 3.1."""


def test_lohr_s_counties_are_allotted_and_weighed_as_in_her_book() -> None:
    """300 of 3,078 in proportion, and the mean acreage from the strata's means (example 3.2): its
    total is 909,736,034 acres, 295,561 a county."""
    assert shares(LOHR, 300) == {"NC": 103, "NE": 21, "S": 135, "W": 41}
    acres = {"NC": 300_504.16, "NE": 97_629.81, "S": 211_315.04, "W": 662_295.51}
    strata = [name for name, size in LOHR.items() for _ in range(size)]
    keys = [str(row) for row in range(3078)]
    sample = draw(SamplingFrame(keys, strata, keys), 300)
    values = [acres[str(strata[row])] for row in sample.rows]
    assert sample.weights @ values == pytest.approx(909_736_034, abs=2)
    assert np.average(values, weights=sample.weights) == pytest.approx(295_561, abs=1)


@pytest.mark.parametrize("at", [0.05, 0.25, 0.5, 0.95])
def test_weighted_quantiles_are_numpy_s_inverted_distribution_function(at: float) -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.lognormal(size=101), rng.integers(1, 9, 101).astype(float)
    expected = np.quantile(values, at, weights=weights, method="inverted_cdf")
    assert weighted_quantiles(values, weights, [at]) == [expected]


def test_a_small_stratum_is_drawn_whole_and_has_no_less_than_its_minimum():
    sizes = {"a": 1, "b": 4, "c": 995}
    assert shares(sizes, 20) == {"a": 1, "b": 2, "c": 17}
    assert shares(sizes, 20, "equal") == {"a": 1, "b": 4, "c": 15}
    assert shares({"a": 3, "b": 2}, 5) == {"a": 3, "b": 2}


@pytest.mark.parametrize("count", [6, 9, 13])
@pytest.mark.parametrize("allocation", ["proportional", "equal"])
def test_an_allocation_is_the_best_of_all_whole_numbers(allocation: Allocation, count: int):
    """Every allocation of at least 1 tried: none has a smaller Σ s²/n."""
    sizes = {"a": 4, "b": 9, "c": 30}
    parts = sizes.values() if allocation == "proportional" else (1, 1, 1)

    def variance(counts: Iterable[int]) -> float:
        return sum(part**2 / n for part, n in zip(parts, counts, strict=True))

    every = itertools.product(*(range(1, size + 1) for size in sizes.values()))
    best = min(variance(counts) for counts in every if sum(counts) == count)
    mine = allocate(sizes, count, allocation=allocation, least=1)
    assert variance(mine.values()) == pytest.approx(best)


REFUSED: list[tuple[Mapping[str, Any], str]] = [
    ({"count": 111}, "111 rows are to be drawn, and the frame has 110"),
    ({"count": 3}, "2 strata take 4 rows, 2 of each, and 3 are to be drawn"),
    ({"count": 0}, "1 row or more"),
]


@pytest.mark.parametrize(("options", "why"), REFUSED)
def test_what_cannot_be_drawn_is_refused(options: dict[str, Any], why: str):
    with pytest.raises(StatisticsError, match=re.escape(why)):
        draw(FRAME, **options)


def test_a_frame_needs_whole_columns_and_keys_of_their_own():
    with pytest.raises(StatisticsError, match="differ in length: 2, 2, 1"):
        draw(SamplingFrame(["a", "b"], [0, 0], ["x"]), 1)
    with pytest.raises(StatisticsError, match="'a' is the key of two rows"):
        draw(SamplingFrame(["a", "a"], [0, 0], ["x", "y"]), 1)


def test_over_seeds_the_weighted_mean_is_the_frames():
    """2,000 seeds: the mean of the estimates lies within three of its standard errors."""
    values = np.where(np.arange(110) < 10, 1.0, np.sin(np.arange(110)))
    estimates = []
    for seed in range(2000):
        sample = draw(FRAME, 10, seed=str(seed), allocation="equal")
        estimates.append(np.average(values[sample.rows], weights=sample.weights))
    error = np.std(estimates) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - values.mean()) < 3 * error


def check(scene: Scene, draws: int, errors: float) -> None:
    most = ALPHA + errors * math.sqrt(ALPHA * (1 - ALPHA) / draws)
    ours = our_tails(scene, draws)
    assert ours.lower <= most
    assert ours.upper <= most


def test_few_draws_show_no_end_that_misses_production_too_often():
    check(SCENES[3], 120, 3.0)


@pytest.mark.heavy
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_no_end_misses_production_more_often_than_its_level(scene: Scene):
    """500 draws, three standard errors: at most .046."""
    check(scene, 500, 3.0)

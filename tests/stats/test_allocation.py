"""Whether sides dealt in blocks go with a mark."""

from itertools import combinations

import numpy as np
import pytest

from evalhub.stats.allocation import AllocationTest, allocation_test
from evalhub.stats.errors import StatisticsError

LEFT = [True, True, True, False, False, False]


def test_a_block_is_fisher_s_exact_test():
    """Three of six on the left, the three marked ones: 1 of C(6,3) = 20 orders, twice the tail."""
    assert allocation_test(LEFT, LEFT, [0] * 6) == AllocationTest(3, 1.5, pytest.approx(2 / 20))


def test_blocks_are_convolved():
    """Two such blocks: 1 of 400, both tails."""
    found = allocation_test(LEFT * 2, LEFT * 2, [0] * 6 + [1] * 6)
    assert found == AllocationTest(6, 3.0, pytest.approx(2 / 400))


def test_it_is_the_share_of_orders_that_are_as_far():
    """Against a count of all orders of a block of four and one of three."""
    marks, left = [1, 1, 0, 0, 1, 0, 0], [1, 1, 0, 0, 1, 0, 0]
    orders = [
        (sum(marks[i] for i in first) + sum(marks[4 + i] for i in second))
        for first in combinations(range(4), 2)
        for second in combinations(range(3), 1)
    ]
    seen = sum(mark and side for mark, side in zip(marks, left, strict=True))
    p = 2 * np.mean([count >= seen for count in orders])
    found = allocation_test(marks, left, [0] * 4 + [1] * 3)
    assert found is not None
    assert found.p_value == pytest.approx(min(1, p))


def test_many_blocks_add_up_to_one():
    rng = np.random.default_rng(2)
    left = np.concatenate([rng.permutation(LEFT) for _ in range(2000)])
    found = allocation_test(rng.random(left.size) < 0.3, left, np.arange(left.size) // 6)
    assert found is not None
    assert 0.001 < found.p_value <= 1
    assert found.left == pytest.approx(found.expected, rel=0.1)


def test_where_nothing_is_left_to_chance_there_is_no_test():
    assert allocation_test([True, False], [True, True], [0, 0]) is None
    assert allocation_test([True, True], [True, False], [0, 0]) is None
    assert allocation_test([True, False], [True, False], [0, 1]) is None
    assert allocation_test([], [], []) is None


def test_every_turn_needs_all_three():
    with pytest.raises(StatisticsError):
        allocation_test([True], [True, False], [0, 0])

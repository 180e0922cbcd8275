"""Sides and orders that say nothing about the arms."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.assignments.choosing import order_of
from reviews.blinding import BLOCK, candidate_on_left, canonical


def test_in_every_block_of_a_reviewer_each_side_comes_up_equally_often() -> None:
    for reviewer in range(1, 40):
        for block in range(10):
            sides = [
                candidate_on_left(3, reviewer, turn)
                for turn in range(block * BLOCK, (block + 1) * BLOCK)
            ]
            assert sum(sides) == BLOCK / 2


def test_blocks_don_t_repeat_one_pattern() -> None:
    patterns = Counter(
        tuple(candidate_on_left(3, 1, turn) for turn in range(b * BLOCK, (b + 1) * BLOCK))
        for b in range(400)
    )
    # 400 draws from the 20 ways of putting 3 on the left of 6: 20 each, sd 4.4
    assert len(patterns) == 20
    assert max(patterns.values()) < 20 + 5 * 4.4


def test_at_one_turn_the_side_varies_across_reviewers() -> None:
    on_left = sum(candidate_on_left(3, reviewer, 0) for reviewer in range(1000))
    assert abs(on_left - 500) < 5 * 15.8  # binomial(1000, ½)


def test_sides_are_independent_of_an_item_s_parity() -> None:
    agree = total = 0
    for reviewer in range(100):
        order = order_of(3, reviewer, 24)
        for turn, position in enumerate(order):
            agree += candidate_on_left(3, reviewer, turn) == bool(position % 2 == 0)
            total += 1
    assert abs(agree - total / 2) < 5 * (total / 4) ** 0.5


@given(st.integers(1, 3000), st.integers(0, 2**63), st.integers(1, 10**6))
@settings(max_examples=60, deadline=None)
def test_an_order_has_every_position_once(size: int, seed: int, reviewer: int) -> None:
    assert sorted(order_of(seed, reviewer, size)) == list(range(size))


def test_an_order_is_the_same_on_every_machine_and_with_every_numpy() -> None:
    assert order_of(3, 1, 8).tolist() == [3, 1, 5, 4, 6, 0, 7, 2]


def test_each_reviewer_has_an_order_of_their_own() -> None:
    orders = {tuple(order_of(3, reviewer, 12)) for reviewer in range(50)}
    assert len(orders) == 50


def test_every_position_comes_equally_often_at_every_place() -> None:
    orders = [list(order_of(3, reviewer, 12)) for reviewer in range(2400)]
    for place in range(12):
        times = Counter(order[place] for order in orders)
        # binomial(2400, 1/12): mean 200, standard deviation 13.5
        assert all(abs(times[position] - 200) < 5 * 13.5 for position in range(12))


def test_neighbours_in_the_plan_are_no_neighbours_in_an_order() -> None:
    together = sum(
        abs(int(a) - int(b)) == 1
        for reviewer in range(200)
        for a, b in pairwise(order_of(3, reviewer, 100))
    )
    # a random order of 100 has 2 such neighbours on average, with about that variance
    assert abs(together - 400) < 5 * 20


@pytest.mark.parametrize(
    ("choice", "on_left", "meant"),
    [
        ("left", True, "candidate"),
        ("left", False, "baseline"),
        ("right", True, "baseline"),
        ("right", False, "candidate"),
        ("tie", True, "tie"),
        ("both-bad", False, "both-bad"),
    ],
)
def test_a_choice_is_led_back_to_whom_it_favours(choice: str, on_left: bool, meant: str) -> None:
    assert canonical(choice, candidate_on_left=on_left) == meant

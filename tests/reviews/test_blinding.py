"""Sides and orders that say nothing about the arms."""

from collections import Counter

import pytest

from reviews.blinding import BLOCK, candidate_on_left, canonical, rank


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
        order = sorted(range(24), key=lambda position: rank(3, reviewer, position))
        for turn, position in enumerate(order):
            agree += candidate_on_left(3, reviewer, turn) == (position % 2 == 0)
            total += 1
    assert abs(agree - total / 2) < 5 * (total / 4) ** 0.5


def test_each_reviewer_has_an_order_of_their_own() -> None:
    orders = {
        tuple(sorted(range(12), key=lambda position: rank(3, reviewer, position)))
        for reviewer in range(50)
    }
    assert len(orders) == 50


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

"""A judge that saw each pair in both orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.both_orders import both_orders
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson

CHOICE = st.sampled_from(["candidate", "baseline", "tie"])


def test_what_it_holds_to_is_a_vote_and_what_turns_is_a_tie() -> None:
    first = {1: "candidate", 2: "baseline", 3: "candidate", 4: "tie", 5: "candidate", 6: "tie"}
    second = {1: "candidate", 2: "baseline", 3: "baseline", 4: "candidate", 5: "tie", 6: "tie"}
    found = both_orders(first, second)
    assert found.votes == {1: "candidate", 2: "baseline", 3: "tie", 4: "tie", 5: "tie", 6: "tie"}
    assert (found.pairs, found.flipped, found.wavered) == (6, 1, 2)
    assert found.flip_rate == pytest.approx(1 / 6)
    assert (found.lower, found.upper) == clopper_pearson(1, 6)


def test_a_judge_that_goes_by_the_order_alone_votes_for_nobody() -> None:
    found = both_orders(dict.fromkeys(range(20), "candidate"), dict.fromkeys(range(20), "baseline"))
    assert set(found.votes.values()) == {"tie"}
    assert (found.flip_rate, found.upper) == (1.0, 1.0)
    assert found.lower == pytest.approx(0.025 ** (1 / 20))  # the exact lower limit of 20 of 20


def test_a_pair_with_one_verdict_has_no_vote() -> None:
    found = both_orders({1: "candidate", 2: "candidate"}, {2: "candidate", 3: "tie"})
    assert found.votes == {2: "candidate"}


def test_without_a_pair_nothing_is_known() -> None:
    found = both_orders({}, {})
    assert (found.pairs, found.flip_rate, found.lower, found.upper) == (0, None, 0.0, 1.0)


def test_pairs_that_belong_together_count_less() -> None:
    first = dict.fromkeys(range(40), "candidate")
    second = {i: "baseline" if i < 20 else "candidate" for i in range(40)}
    alone = both_orders(first, second)
    together = both_orders(first, second, clusters={i: i // 10 for i in range(40)})
    assert together.upper - together.lower > alone.upper - alone.lower
    assert together.flip_rate == alone.flip_rate


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(StatisticsError, match="unknown choice 'left'"):
        both_orders({1: "left"}, {1: "tie"})


@given(st.lists(st.tuples(CHOICE, CHOICE), max_size=30))
def test_swapping_the_orders_changes_nothing_and_swapping_the_arms_only_the_votes(
    said: list[tuple[str, str]],
) -> None:
    first = {i: one for i, (one, _) in enumerate(said)}
    second = {i: other for i, (_, other) in enumerate(said)}
    found = both_orders(first, second)
    assert both_orders(second, first) == found
    other = {"candidate": "baseline", "baseline": "candidate", "tie": "tie"}
    swapped = both_orders(
        {i: other[each] for i, each in first.items()},
        {i: other[each] for i, each in second.items()},
    )
    assert swapped.votes == {i: other[each] for i, each in found.votes.items()}
    assert (swapped.flipped, swapped.wavered) == (found.flipped, found.wavered)

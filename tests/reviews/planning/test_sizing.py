"""How large a review has to be, and what it costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.stats.errors import StatisticsError
from reviews.planning.sizing import cost_of, items_affordable


def test_the_cost_counts_every_judgment_asked_for() -> None:
    # 100 items · 2 = 200; 10% checks: 10 · 2 = 20; a tenth of all turns again: 220 · .1/.9 = 24;
    # 5 to practise for 4 people: 20; 264 · 36 s = 2.64 h, at 30 an hour 79.20
    found = cost_of(100, 2, checks=0.1, repeats=0.1, practice=5, reviewers=4, seconds=36, rate=30)
    assert (found.main, found.checks, found.repeats, found.practice) == (200, 20, 24, 20)
    assert found.judgments == 264
    assert found.hours == pytest.approx(2.64)
    assert found.money == pytest.approx(79.2)


def test_every_combination_of_arms_is_paid_for() -> None:
    assert cost_of(100, 2, combinations=3).main == 600
    assert cost_of(100, 2).money is None


@given(st.floats(0, 5000), st.integers(1, 4), st.floats(0, 0.3))
def test_a_budget_pays_for_what_it_affords_and_for_no_item_more(
    budget: float, reviewers: int, checks: float
) -> None:
    def price(items: int) -> float | None:
        return cost_of(items, reviewers, checks=checks, rate=25).money

    items = items_affordable(budget, price)
    cost, more = price(items), price(items + 1)
    assert cost is not None
    assert more is not None
    assert cost <= budget < more


def test_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        cost_of(10, 2, repeats=1.0)
    with pytest.raises(StatisticsError, match="above 0"):
        items_affordable(100, lambda items: cost_of(items, 2, rate=0).money)

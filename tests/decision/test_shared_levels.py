"""What a shared look and a level that is handed on would err, by the benchmarks' own play."""

import pytest

from evalhub.decision.levels import CHOSEN, readings_worth
from tests.benchmarks.handed_level import best_play, simulated
from tests.benchmarks.variant_rates import MOST, worst


@pytest.mark.parametrize(("arms", "alike"), [(3, 0.0), (3, 0.3), (5, 0.5), (10, 0.3)])
def test_variants_of_the_luckiest_arm_keep_the_level(arms: int, alike: float) -> None:
    start = 1 + readings_worth(arms, alike)
    assert worst(arms, alike, start=start, draws=20_000, seed=1) <= MOST


def test_as_one_reading_ten_unlike_arms_would_not() -> None:
    assert worst(10, 0.3, start=2, draws=20_000, seed=1) > 1.3 * MOST


def test_a_level_that_is_handed_on_breaks_the_promise() -> None:
    """Why the ledger hands none on: beside a weak champion bad luck is easily beaten."""
    chance, due = best_play(handed=True)
    kept, _ = best_play(handed=False)
    assert kept < 0.029 < 0.045 < chance
    rate = simulated(due, handed=True, draws=50_000, seed=1)
    assert MOST + 0.003 < rate < chance


def test_a_chosen_claim_pays_for_all_that_was_read_three_times() -> None:
    """As docs/explanation/ledger.md promises; two times would cost a claim too little."""
    assert CHOSEN == 3

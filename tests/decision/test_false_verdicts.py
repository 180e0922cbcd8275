"""How often the rule is wrong, by seeded simulation at the edges of what it promises."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide

DRAWS = 4000
GUARD = Requirement("sorting", "guard", "sorting", "exact_match", margin=0.02)
PRIMARY = Requirement("triage", "primary", "triage", "exact_match")
NOISE = 3 * (0.025 * 0.975 / DRAWS) ** 0.5


def binary(asked: Requirement, n: int, won: int, lost: int) -> Criterion:
    baseline, candidate = np.zeros(n), np.zeros(n)
    candidate[:won] = 1
    baseline[won : won + lost] = 1
    return measure(asked, baseline, candidate, alpha=0.025, planned_gain=0.05)


def shares_of_binary(
    asked: Requirement, n: int, p_won: float, p_lost: float, *others: Criterion
) -> dict[str, float]:
    """Shares of verdicts over draws of n items; equal counts are measured once."""
    rng = np.random.default_rng(20240)
    draws = rng.multinomial(n, [p_won, p_lost, 1 - p_won - p_lost], size=DRAWS)
    verdicts: Counter[str] = Counter()
    for (won, lost), times in Counter((int(w), int(ell)) for w, ell, _ in draws).items():
        verdicts[decide("tuned", [binary(asked, n, won, lost), *others]).verdict] += times
    return {verdict: count / DRAWS for verdict, count in verdicts.items()}


def shares_of_continuous(asked: Requirement, differences: NDArray[np.float64]) -> dict[str, float]:
    """Shares of verdicts over rows of differences on a scale of [0, 1]."""
    verdicts: Counter[str] = Counter()
    for row in differences:
        measured = measure(asked, 0.5 - row / 2, 0.5 + row / 2, alpha=0.025, planned_gain=0.05)
        verdicts[decide("tuned", [measured]).verdict] += 1
    return {verdict: count / len(differences) for verdict, count in verdicts.items()}


def test_a_guard_exactly_at_its_margin_ships_no_more_often_than_alpha() -> None:
    """A sure gain elsewhere; the guard loses 5% and wins 3%, so exactly the margin of .02."""
    gain = binary(PRIMARY, 500, 100, 5)
    shares = shares_of_binary(GUARD, 1200, 0.03, 0.05, gain)
    assert shares.get("ship", 0) <= 0.025 + NOISE
    assert shares.get("hold", 0) <= 0.025 + NOISE
    assert shares.get("ship", 0) > 0.005, "the rule would never ship: it is too timid"


@pytest.mark.heavy
def test_a_primary_without_any_gain_ships_no_more_often_than_alpha() -> None:
    kept = binary(GUARD, 2000, 10, 10)
    shares = shares_of_binary(PRIMARY, 450, 0.1, 0.1, kept)
    assert shares.get("ship", 0) <= 0.025 + NOISE
    assert shares.get("hold", 0) <= 0.025 + NOISE
    assert shares.get("ship", 0) > 0.005


@pytest.mark.heavy
def test_the_same_holds_for_scores_between_0_and_1() -> None:
    rng = np.random.default_rng(7)
    noise = rng.beta(2, 2, size=(2000, 120)) - rng.beta(2, 2, size=(2000, 120))
    bound = 0.025 + 3 * (0.025 * 0.975 / 2000) ** 0.5
    shares = shares_of_continuous(PRIMARY, noise)
    assert 0.005 < shares.get("ship", 0) <= bound
    shares = shares_of_continuous(GUARD, noise - 0.02)
    assert 0.005 < shares.get("ship", 0) <= bound


@pytest.mark.heavy
def test_a_clear_gain_ships_and_a_clear_loss_is_held() -> None:
    """Power by the formula: σ_d² = .2, n = 450, gain .1 against 0: over .99."""
    assert shares_of_binary(PRIMARY, 450, 0.15, 0.05)["ship"] > 0.98
    assert shares_of_binary(GUARD, 1200, 0.02, 0.10)["hold"] > 0.98


@pytest.mark.heavy
def test_the_planned_number_of_items_has_about_the_planned_power() -> None:
    """σ_d = .30 for a guard that loses nothing: 1,766 items, power .8 by the normal formula."""
    share = shares_of_binary(GUARD, 1766, 0.045, 0.045)["ship"]
    assert 0.77 < share < 0.83

"""How often one of ten candidates that gain nothing ships, whatever disguise its items are in."""

import numpy as np
import pytest

from evalhub.decision.levels import level_of
from tests.benchmarks.ledger_rates import ALPHA, WAYS, Way, in_turn, shipped

DRAWS, MOST = 20_000, 0.0272
"""Two Monte Carlo errors above .025."""
DISGUISES = ["an unused column", "unseen characters", "a few words", "read freely"]


@pytest.mark.parametrize("start", DISGUISES)
def test_ten_tries_in_disguise_keep_the_promise(start: str) -> None:
    [way] = [each for each in WAYS if each.name.startswith(start)]
    assert rate(way, before=True) > 0.09
    assert rate(way) <= MOST


def test_each_try_pays_for_those_before_it_or_is_held() -> None:
    by_name = {each.name.split(",")[0]: each.now for each in WAYS}
    assert by_name["an unused column as context"] == in_turn(10)
    assert by_name["unseen characters and letters that look alike"] == in_turn(10)
    assert by_name["a few words in front"] == [level_of(1, alpha=ALPHA), *[0.0] * 9]


def rate(way: Way, *, before: bool = False) -> float:
    z = way.draw(np.random.default_rng(0), DRAWS)
    return float(shipped(z, way.before if before else way.now).mean())

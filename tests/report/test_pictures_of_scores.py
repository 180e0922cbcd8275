"""How scores are spread, and what became of items: the numbers that the pictures draw."""

import numpy as np
import pytest

from evalhub.decision.outcomes import Outcome
from evalhub.report.distribution import distribution
from evalhub.report.transitions import transitions

NAMES = ("base", "lora")


def share(position: str) -> float:
    return float(position.removesuffix("%"))


def test_few_values_are_each_a_pair_of_columns() -> None:
    chart = distribution(
        np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.5, 1.0]), names=NAMES, metric="f1"
    )
    assert chart
    assert chart.table
    assert list(chart.table.rows) == [("0", "2", "0"), ("0.5", "0", "1"), ("1", "1", "2")]
    assert chart.desc == "3 items; base has a mean of 0.333, lora of 0.833"
    assert chart.bars[0].tooltip == "base: 2 items score 0"
    tall = max(chart.bars, key=lambda bar: share(bar.height))
    assert tall.tooltip in ("base: 2 items score 0", "lora: 2 items score 1")
    low = next(bar for bar in chart.bars if bar.tooltip == "base: 1 items score 1")
    assert share(low.height) == pytest.approx(share(tall.height) / 2, abs=0.02)


def test_many_values_are_put_together_between_0_and_1() -> None:
    spread = np.linspace(0.02, 0.98, 97)
    chart = distribution(spread, spread, names=NAMES, metric="f1")
    assert chart
    assert chart.table
    rows = list(chart.table.rows)
    assert rows[0][0] == "0 to 0.05"
    assert len(rows) == 20
    assert sum(int(row[1]) for row in rows) == 97


def test_values_beyond_shares_have_bins_from_the_least_to_the_greatest() -> None:
    lengths = np.arange(100, 200, 2.0)
    chart = distribution(lengths, lengths + 7, names=NAMES, metric="length")
    assert chart
    assert chart.table
    assert chart.table.rows[0][0].startswith("100 to ")
    assert sum(int(row[2]) for row in chart.table.rows) == 50


def test_no_score_is_no_picture() -> None:
    assert distribution(np.array([]), np.array([]), names=NAMES, metric="f1") is None


COUNTS = {
    Outcome.WON: 6,
    Outcome.LOST: 30,
    Outcome.BOTH_RIGHT: 9,
    Outcome.BOTH_WRONG: 55,
    Outcome.SAME: 0,
    Outcome.UNPAIRED: 3,
}


def test_right_and_wrong_make_a_square_whose_rows_are_the_baseline() -> None:
    found = transitions(COUNTS, whole=True, leading_to=lambda each: f"outcome={each}")
    assert found
    assert found.square
    counts = [[each.count for each in row] for row in found.square]
    assert counts == [[9, 30], [6, 55]]
    assert found.square[0][1].query == "outcome=lost"
    assert found.square[0][1].share == 0.3
    assert found.compared == 100, "what isn't compared is no share of it"


def test_scores_between_are_better_worse_or_the_same() -> None:
    found = transitions(COUNTS | {Outcome.SAME: 5}, whole=False, leading_to=str)
    assert found
    assert found.square is None
    assert found.chart.desc.startswith("won 6 (5.7%), both right 9 (8.6%), same 5 (4.8%)")
    widths = sum(share(each.width) for each in found.chart.bars)
    assert widths == pytest.approx(100, abs=0.1)


def test_nothing_compared_is_no_transition() -> None:
    none = dict.fromkeys(Outcome, 0)
    assert transitions(none, whole=True, leading_to=str) is None

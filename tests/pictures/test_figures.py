"""The methods' figures: each method has one or computes nothing, and the numbers are its own."""

import math
import re

import pytest

from evalhub.report.charts.parts import Chart
from evalhub.report.methods import methods
from tests.pictures import FIGURES as FOLDER
from tests.pictures.figures import FIGURES, as_html

# rules in words, of which there is nothing to draw
IN_WORDS = {
    *("invalid", "tiers", "no-ratio", "same-run", "no-op"),
    *("policy-since", "imported", "repeated", "near-copies", "ownership", "steps", "record"),
    *("shadow", "lost-pairs", "live", "inputs", "training-data", "forgetting"),
}


def rows_of(key: str) -> list[list[str]]:
    chart = FIGURES[key]()
    assert chart.table
    return [list(row) for row in chart.table.rows]


def test_each_method_has_a_figure_but_those_that_compute_nothing() -> None:
    known = {each.key for each in methods().all}
    assert set(FIGURES) <= known
    assert known - set(FIGURES) == IN_WORDS
    assert {path.stem for path in FOLDER.iterdir()} == set(FIGURES)
    with_figure = {each.key for each in methods().all if each.figure}
    assert with_figure == set(FIGURES)


NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.mark.parametrize("key", sorted(FIGURES))
def test_the_committed_figure_is_what_the_code_draws(key: str) -> None:
    """Up to a fraction's last digit, which another version of numpy may round the other way."""
    written = (FOLDER / f"{key}.html").read_text(encoding="utf-8")
    drawn = as_html(FIGURES[key]())
    assert NUMBER.sub("0", written) == NUMBER.sub("0", drawn), "python -m tests.pictures.figures"
    for stored, number in zip(NUMBER.findall(written), NUMBER.findall(drawn), strict=True):
        digits = len(stored.partition(".")[2])
        assert float(stored) == pytest.approx(float(number), abs=digits and 1.01 * 10.0**-digits)


@pytest.mark.parametrize("key", sorted(FIGURES))
def test_a_figure_shows_what_it_says_and_the_same_each_time(key: str) -> None:
    chart = FIGURES[key]()
    assert chart.title
    assert chart.desc
    assert chart.bars or chart.dots or chart.lines
    assert chart.table
    assert len(chart.table.rows) > 1
    places = [each.x for each in (*chart.bars, *chart.dots)]
    assert all(math.isfinite(float(at.removesuffix("%"))) for at in places)
    again: Chart = FIGURES[key]()
    assert again == chart


def test_a_hundred_items_without_a_change_leave_room_for_three_point_seven_per_cent() -> None:
    """The number that the method's own words have."""
    rows = {row[0]: row[2] for row in rows_of("exact-score")}
    assert rows["0 of 100 lost"] == "−0.037 to +0.037"
    assert rows["the usual formula"] == "+0.00 to +0.00"


def test_the_kth_claim_pays_by_eulers_series() -> None:
    """.025 · 6/π² = .0152, a quarter and a ninth of it."""
    assert [row[1] for row in rows_of("ledger")[:3]] == ["0.015", "0.0038", "0.0017"]


def test_ten_wins_and_no_loss_are_half_of_two_tails() -> None:
    """Mid-p: 2 · (½ · 2⁻¹⁰) = .000977."""
    assert rows_of("mcnemar")[0] == ["0", "0.00098"]


def test_six_answers_that_are_cut_in_one_arm_alone_are_told() -> None:
    """2 · 2⁻⁵ = .0625 and 2 · 2⁻⁶ = .03125."""
    assert [row[1] for row in rows_of("answers")[4:6]] == ["0.062", "0.031"]


def test_holm_multiplies_by_those_that_are_left() -> None:
    """6 · .001, 5 · .004, 4 · .02, and never below the one before: 1 · .06 is not .06 but .08."""
    assert [row[2] for row in rows_of("multiplicity")] == [
        "0.006",
        "0.02",
        "0.08",
        "0.08",
        "0.08",
        "0.08",
    ]


def test_62_wins_beside_42_losses_are_widened_to_0() -> None:
    """(62 − 42)/√104 = 1.961 passes 1.960, and mid-p is .0504."""
    rows = {row[0]: row[2] for row in rows_of("widened")}
    assert rows["62 won, 42 lost"].startswith("+0.00 to")
    assert not rows["63 won, 42 lost"].startswith("+0.00 to")


def test_agreement_beyond_chance_falls_while_raw_agreement_stays() -> None:
    """Two raters, 200 items, 94% good: chance agrees on .94² + .06² = .8872; (.9 − .8872)/.1128
    = .113 is Cohen's κ."""
    rows = rows_of("kappa")
    assert [row[2] for row in rows if row[0] == "raw agreement"] == ["0.9"] * 7
    assert rows[-1] == ["Cohen’s κ", "94%", "0.113"]

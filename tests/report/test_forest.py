"""Forest plots: where things stand, and what is read aloud."""

from evalhub.decision.criterion import Criterion
from evalhub.declare.verdicts import Status
from evalhub.report.charts.scale import Scale
from evalhub.report.forest import common_scale, plot
from tests.decision.made_up import a_budget, a_guard


def a_row(difference: float, lower: float, upper: float, margin: float = 0.0) -> Criterion:
    made = a_guard(lower, upper, margin=margin, alpha=0.0152)
    return made.model_copy(update={"difference": difference})


def per_cent(position: str) -> float:
    return float(position.removesuffix("%"))


def test_positions_run_from_the_low_end_to_the_high_end() -> None:
    scale = Scale(-0.5, 0.5)
    assert [scale.at(-0.5), scale.at(0), scale.at(0.25)] == ["0.00%", "50.00%", "75.00%"]


def test_a_position_beyond_the_scale_stays_at_its_end() -> None:
    assert Scale(-1, 1).at(7) == "100.00%"


def test_the_common_scale_holds_every_interval_every_bound_and_zero() -> None:
    scale = common_scale([a_row(0.4, 0.3, 0.5), a_row(0.2, 0.1, 0.3, margin=0.2)])
    assert scale.low < -0.2
    assert scale.high > 0.5


def test_ticks_are_round_and_zero_is_among_them() -> None:
    labels = [tick.label for tick in Scale(-0.45, 0.5).ticks()]
    assert labels == ["−0.4", "−0.2", "0", "+0.2", "+0.4"]


def test_rows_that_show_no_difference_at_all_still_have_a_scale() -> None:
    assert common_scale([a_row(0, 0, 0)]).at(0) == "50.00%"


def test_a_row_in_other_units_has_no_say_and_gets_a_scale_of_its_own() -> None:
    share, tokens = a_row(0.1, 0.05, 0.15), a_row(-40, -50, -30)
    scale = common_scale([share, tokens])
    assert scale.high < 1
    drawn = plot(tokens, scale, label="Length")
    assert drawn is not None
    assert drawn.own_scale == "own scale, −52.00 to +2.00"
    assert per_cent(drawn.lower) < per_cent(drawn.dot) < per_cent(drawn.upper)


def test_a_guard_is_read_aloud_with_its_margin_and_status() -> None:
    row = a_row(-0.12, -0.17, -0.07, margin=0.02).model_copy(update={"status": Status.FAIL})
    drawn = plot(row, common_scale([row]), label="Reading")
    assert drawn is not None
    assert drawn.spoken == (
        "Reading: difference −0.12, interval −0.17 to −0.070 (lower end at 0.0152, upper end at "
        "0.025), must stay above −0.020: fails"
    )


def test_a_ratio_to_nothing_is_not_drawn() -> None:
    row = a_budget(None, None).model_copy(update={"ratio": None})
    assert plot(row, Scale(-1, 1), label="Latency") is None

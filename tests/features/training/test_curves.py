"""The picture of a training's losses."""

import pytest

from evalhub.features.training.curves import MOST_POINTS, training_curves


def test_both_curves_stand_in_one_picture_with_their_values() -> None:
    chart = training_curves(
        ((10, 2.0), (20, 1.0)), ((10, 1.8), (20, 1.2), (30, 1.4)), of="tuned v1"
    )
    assert chart is not None
    assert chart.desc == (
        "training loss from 2 to 1, lowest at step 20 with 1; "
        "validation loss from 1.8 to 1.4, lowest at step 20 with 1.2"
    )
    assert [dot.tooltip for dot in chart.dots][:2] == [
        "step 10: training loss 2", "step 20: training loss 1",
    ]  # fmt: skip
    assert {(dot.kind, dot.shape) for dot in chart.dots} == {
        ("baseline", "ring"), ("candidate", "diamond"),
    }  # fmt: skip
    assert chart.table is not None
    assert chart.table.head == ("Step", "Training loss", "Validation loss")
    assert list(chart.table.rows) == [("10", "2", "1.8"), ("20", "1", "1.2"), ("30", "", "1.4")]


def test_where_a_loss_was_no_number_there_is_a_gap_that_the_table_names() -> None:
    chart = training_curves(((1, 2.0), (2, None), (3, 1.0)), (), of="tuned v1")
    assert chart is not None
    assert (len(chart.lines), len(chart.dots), len(chart.keys)) == (2, 2, 1)
    assert chart.table is not None
    assert ("2", "no number") in chart.table.rows


def test_without_a_number_there_is_no_picture() -> None:
    assert training_curves((), (), of="tuned v1") is None
    assert training_curves(((1, None),), (), of="tuned v1") is None


def test_one_point_is_a_picture_too() -> None:
    chart = training_curves((), ((5, 0.5),), of="tuned v1")
    assert chart is not None
    assert chart.dots[0].tooltip == "step 5: validation loss 0.5"


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    chart = training_curves([(float(n), 1.0 / (n + 1)) for n in range(5000)], (), of="tuned v1")
    assert chart is not None
    assert len(chart.dots) == MOST_POINTS
    assert chart.dots[-1].tooltip.startswith("step 4,999:")


@pytest.mark.parametrize(
    "losses",
    [
        ((0, 1e308), (1, -1e308), (2, 1.0)),
        ((0, 0.0), (1, 1e-320)),
        ((0, 1e9), (1, 1e9)),
        ((1e12, 1.0), (1e12, 2.0)),
    ],
)
def test_what_a_training_that_came_apart_leaves_is_drawn_as_far_as_it_can_be(
    losses: tuple[tuple[float, float], ...],
) -> None:
    chart = training_curves(losses, (), of="tuned v1")
    assert chart is not None
    assert chart.table is not None
    assert len(chart.table.rows) == len({step for step, _ in losses})
    places = [float(place.rstrip("%")) for dot in chart.dots for place in (dot.x, dot.y)]
    assert all(0 <= place <= 100 for place in places)


def test_what_can_not_be_drawn_stands_in_the_table() -> None:
    chart = training_curves(((1, 2.0), (2, 1e20), (3, 1.0)), (), of="tuned v1")
    assert chart is not None
    assert chart.table is not None
    assert (len(chart.dots), len(chart.lines)) == (2, 2)
    assert ("2", "1e+20") in chart.table.rows

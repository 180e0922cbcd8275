"""The parts of pictures: where values stand, and what is said of them without a script."""

import pytest
from django.template.loader import render_to_string

from evalhub.report.charts.parts import Axis, Chart, Frame, Key, Table
from evalhub.report.charts.scale import Scale, around

FRAME = Frame(Scale(0, 200), Scale(-1, 1))


def test_heights_are_counted_from_the_top() -> None:
    assert [Scale(0, 4).up(each) for each in (0, 1, 4)] == ["100.00%", "75.00%", "0.00%"]


def test_a_bar_stands_on_0_or_hangs_from_it() -> None:
    up = FRAME.bar(50, 100, 0.5, kind="won", tooltip="")
    down = FRAME.bar(50, 100, -0.5, kind="lost", tooltip="")
    assert (up.x, up.width, up.y, up.height) == ("25.00%", "25.00%", "25.00%", "25.00%")
    assert (down.y, down.height) == ("50.00%", "25.00%")


def test_an_end_that_is_unbounded_reaches_the_edge() -> None:
    dot = FRAME.dot(100, 0, kind="", tooltip="", across=(None, 150), upright=(-0.5, None))
    assert (dot.left, dot.right, dot.low, dot.high) == ("0.00%", "75.00%", "75.00%", "0.00%")


def test_words_beside_a_dot_stay_in_the_picture() -> None:
    assert [FRAME.dot(at, 0, kind="", tooltip="").anchor for at in (10, 190)] == ["start", "end"]


def test_a_line_and_the_area_under_it_run_through_a_box_of_a_hundred() -> None:
    points = [(0, 1.0), (200, 0.0)]
    assert FRAME.line(points, kind="").points == "0.00,0.00 100.00,50.00"
    area = FRAME.area(points, kind="")
    assert area.filled
    assert area.points == "0.00,0.00 100.00,50.00 100.00,50.00 0.00,50.00"


def test_a_scale_holds_its_values_and_0_unless_it_need_not() -> None:
    assert around([3, 5]).low < 0
    assert around([3, 5], zero=False).low == pytest.approx(2.92)
    assert around([]).high > around([]).low


def test_ticks_are_written_as_asked() -> None:
    scale = Scale(0, 1)
    assert [tick.label for tick in scale.ticks(3)] == ["0", "+0.5", "+1.0"]
    percent = scale.ticks_up(3, lambda value: f"{100 * value:.0f}%")
    assert [(tick.label, tick.at) for tick in percent] == [
        ("0%", "100.00%"),
        ("50%", "50.00%"),
        ("100%", "0.00%"),
    ]


def test_a_picture_says_in_words_and_numbers_all_that_it_shows() -> None:
    chart = Chart(
        title="Scores",
        desc="Most <are> right",
        x=Axis(FRAME.x.ticks(3), "items"),
        y=Axis(FRAME.y.ticks_up(3)),
        lines=[FRAME.line([(0, 0)], kind="candidate")],
        bars=[FRAME.bar(0, 50, 1, kind="baseline", tooltip="50 items are wrong")],
        rules=[FRAME.across(0, kind="zero", label="no difference")],
        dots=[FRAME.dot(1, 1, kind="ship", tooltip="Ship: +1", mark="✓", label="v2")],
        keys=[Key("bar", "baseline", "the baseline")],
        table=Table(("Score", "Items"), [("0", "50")]),
    )
    page = render_to_string("report/charts/_chart.html", {"chart": chart})
    assert 'role="img" aria-label="Scores. Most &lt;are&gt; right"' in page
    assert "<title>50 items are wrong</title>" in page
    assert "<title>Ship: +1</title>" in page
    assert '<th scope="row">0</th><td class="number">50</td>' in page
    for said in ("no difference", "the baseline", ">v2<", ">✓<", ">items<"):
        assert said in page
    assert "style=" not in page
    assert "<script" not in page

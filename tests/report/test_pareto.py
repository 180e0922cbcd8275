"""Which arms no other beats in both cost and quality, and what is said where a cost isn't known."""

from evalhub.report.pareto import ArmPoint, Ranged, pareto

BASE = ArmPoint("base", "", Ranged(0.0), Ranged(100.0, 90.0, 110.0))
BETTER = ArmPoint("lora", "ship", Ranged(0.2, 0.1, 0.3), Ranged(120.0, 110.0, 130.0))
CHEAPER = ArmPoint("small", "hold", Ranged(-0.1, -0.2, 0.0), Ranged(20.0, 18.0, 22.0))
BEATEN = ArmPoint("prompted", "hold", Ranged(0.1, 0.0, 0.2), Ranged(150.0, 140.0, 160.0))
UNKNOWN = ArmPoint("recorded", "ship", Ranged(0.3, 0.2, 0.4), None)


def test_the_front_is_what_no_other_arm_beats_in_both_the_cheapest_first() -> None:
    found = pareto([BASE, BETTER, CHEAPER, BEATEN], quality="triage", cost="ms")
    assert list(found.front) == ["small", "base", "lora"]
    assert found.chart
    assert found.chart.table
    assert [row[-1] for row in found.chart.table.rows] == ["yes", "yes", "yes", "no"]
    assert {dot.label: dot.shape for dot in found.chart.dots} == {
        "base": "diamond",
        "✓ lora": "diamond",
        "✗ small": "diamond",
        "✗ prompted": "circle",
    }


def test_of_two_alike_neither_beats_the_other() -> None:
    again = ArmPoint("again", "", BASE.quality, BASE.cost)
    assert set(pareto([BASE, again], quality="q", cost="c").front) == {"base", "again"}


def test_what_is_not_known_is_named_and_never_0() -> None:
    found = pareto([BASE, BETTER, UNKNOWN], quality="triage", cost="ms")
    assert list(found.unknown) == ["recorded"]
    assert found.chart
    assert len(found.chart.dots) == 2
    assert "recorded" not in found.front


def test_one_known_cost_is_no_picture() -> None:
    assert pareto([BASE, UNKNOWN], quality="triage", cost="ms").chart is None


def test_both_intervals_are_drawn_and_said() -> None:
    chart = pareto([BASE, BETTER], quality="triage", cost="ms").chart
    assert chart
    dot = chart.dots[1]
    assert None not in (dot.left, dot.right, dot.low, dot.high)
    assert dot.tooltip == "lora: +0.20 (+0.10 to +0.30), 120 (110 to 130), on the Pareto front"

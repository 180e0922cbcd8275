"""What owning a model costs: the arithmetic, by hand."""

import json

import pytest

from evalhub.decision.ownership.sheet import cost_sheet
from evalhub.declare.cost_sheet import CostLine, CostSheet, Ends, Figure, Part
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.ownership import Ownership


def figure(name: str, low: float, high: float | None = None, **fields: object) -> Figure:
    top = low if high is None else high
    usual = {"origin": "said", "source": "the study"}
    return Figure(name=name, low=low, value=(low + top) / 2, high=top, **(usual | fields))


def line(part: Part, *figures: Figure, **fields: object) -> CostLine:
    return CostLine(part=part, name=part, figures=figures, **fields)


def sheet(*lines: CostLine, traffic: Figure | None = None) -> CostSheet:
    return cost_sheet(
        lines, study="s", baseline="old", candidate="new", currency="USD", traffic=traffic
    )


def ends(found: Ends | None) -> tuple[float, float]:
    assert found is not None
    return found.low, found.high


TRAINING = line("training", figure("machine", 32), figure("hours", 4, 8))
DATA = line("data", figure("hours of work", 1000 / 20), figure("rate", 20, 100))
EVALUATION = line("evaluation", figure("evaluation", 0))
MONTHLY = [
    line("present", figure("bill", 500)),
    line("serving", figure("hosting", 300)),
    line("upkeep", figure("upkeep", 0)),
    line("retraining", figure("times", 0), repeats=True),
]


def test_a_machine_of_32_an_hour_for_4_to_8_hours_costs_128_to_256() -> None:
    # 32 · 4 = 128; 32 · 8 = 256
    assert ends(sheet(TRAINING).lines[0].amount) == (128, 256)


def test_a_thousand_examples_at_20_an_hour_cost_1000_to_5000() -> None:
    # 1,000 / 20 = 50 hours; 50 · 20 = 1,000; 50 · 100 = 5,000
    assert ends(sheet(DATA).lines[0].amount) == (1000, 5000)


def test_500_saved_less_300_of_hosting_break_even_after_5_64_to_26_28_months() -> None:
    found = sheet(TRAINING, DATA, EVALUATION, *MONTHLY)
    assert ends(found.upfront) == (1128, 5256)
    assert ends(found.net_monthly) == (200, 200)  # 500 − 300
    # 1,128 / 200 = 5.64; 5,256 / 200 = 26.28; in the middle (192 + 3,000) / 200 = 15.96
    even = found.break_even
    assert (even.low, even.value, even.high) == pytest.approx((5.64, 15.96, 26.28))
    assert even.sentence == "After 5.64 to 26.3 months."


def test_the_tornado_says_what_it_hangs_on_the_largest_first() -> None:
    found = sheet(TRAINING, DATA, EVALUATION, *MONTHLY).tornado
    assert found is not None
    assert found.of == "break-even"
    rows = {each.figure.name: (each.at_low, each.at_high) for each in found.swings}
    # the rate alone: (192 + 1,000) / 200 = 5.96 and (192 + 5,000) / 200 = 25.96
    assert rows["rate"] == pytest.approx((5.96, 25.96))
    # the bill has no range: 450 and 550, of which 300 are hosting: 3,192 / 150 and / 250
    assert rows["bill"] == pytest.approx((21.28, 12.768))
    assert [each.figure.name for each in found.swings] == [
        "rate", "bill", "hosting", "hours of work", "hours"
    ]  # fmt: skip
    assert [each.varied for each in found.swings] == ["range", "tenth", "tenth", "tenth", "range"]


def test_requests_are_counted_on_both_sides_and_the_range_holds_each_end() -> None:
    traffic = figure("traffic", 1000, 3000)
    found = sheet(
        line("present", traffic, figure("old", 0.02)),
        line("serving", figure("hosting", 30)),
        line("upkeep", figure("upkeep", 5, 10)),
        line("retraining", figure("times", 0), repeats=True),
        TRAINING,
        DATA,
        EVALUATION,
        traffic=traffic,
    )
    # 1,000 · .02 − 30 − 10 = −20; 3,000 · .02 − 30 − 5 = 25
    assert ends(found.net_monthly) == (-20, 25)
    assert found.lines[0].per_request is not None
    assert ends(found.lines[0].per_request) == (0.02, 0.02)
    # 30 a month over 3,000 and over 1,000 requests
    assert ends(found.lines[1].per_request) == (0.01, 0.03)
    # 1,128 / 25 at the best; at the worst nothing is saved
    assert found.break_even.low == pytest.approx(45.12)
    assert found.break_even.high is None
    assert found.break_even.sentence == "After 45.1 months at best, never at worst."


def test_paired_savings_stand_in_for_the_difference_of_two_bills() -> None:
    traffic = figure("traffic", 100)
    measured = {"origin": "measured"}
    found = sheet(
        line("present", traffic, figure("old", 0.8, 1.2, **measured)),
        line("serving", traffic, figure("new", 0.3, 0.7, **measured)),
        line("saving", traffic, figure("saved", 0.45, 0.55, **measured)),
        line("upkeep", figure("upkeep", 0)),
        line("retraining", figure("times", 0)),
        traffic=traffic,
    )
    # 100 · .45 and 100 · .55, and not 100 · (.8 − .7) and 100 · (1.2 − .3)
    assert ends(found.net_monthly) == pytest.approx((45, 55))
    assert ends(found.net_per_request) == pytest.approx((0.45, 0.55))


def test_a_retraining_costs_as_much_as_this_time_shared_out_over_a_year() -> None:
    lines = [TRAINING, DATA, EVALUATION, *MONTHLY[:3]]
    found = sheet(*lines, line("retraining", figure("times", 0, 2), repeats=True))
    # at the worst 2 · 5,256 / 12 = 876 a month, and 200 − 876 = −676
    assert ends(found.net_monthly) == pytest.approx((-676, 200))


def test_what_is_unknown_is_never_nought() -> None:
    unpriced = line("training", missing="say training.hours")
    found = sheet(unpriced, DATA, EVALUATION, *MONTHLY)
    assert found.lines[0].amount is None
    assert found.unknown == ("training: say training.hours",)
    # 1,000 / 200 without the training: it can only be later
    assert (found.break_even.low, found.break_even.high) == (5, None)
    assert found.break_even.sentence == ("After 5 months or more. Missing: training.")
    no_upkeep = [*MONTHLY[:2], line("upkeep", missing="say upkeep"), MONTHLY[3]]
    found = sheet(TRAINING, DATA, EVALUATION, *no_upkeep)
    assert found.net_monthly is None
    assert found.monthly is None
    assert found.tornado is None
    assert found.break_even.sentence == "Not known yet. Missing: upkeep."


def test_where_nothing_is_saved_it_never_breaks_even() -> None:
    dearer = [line("present", figure("bill", 100, 200)), *MONTHLY[1:]]
    found = sheet(TRAINING, DATA, EVALUATION, *dearer)
    assert found.break_even.never
    assert found.tornado is not None
    assert found.tornado.of == "net"
    assert found.tornado.at == -150  # 150 − 300


def test_what_cost_nothing_is_even_at_once() -> None:
    free = [line(part, figure(part, 0)) for part in ("training", "data", "evaluation")]
    assert sheet(*free, *MONTHLY).break_even.sentence == "After 0 months."


@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        ({"traffic": 0}, "traffic", "must be above 0, not 0"),
        ({"traffic": [0, 5]}, "traffic", "must be above 0, not [0, 5]"),
        ({"traffic": "many"}, "traffic", "a number is needed, or a range [low, high], not 'many'"),
        ({"traffic": True}, "traffic", "a number is needed, or a range [low, high], not True"),
        ({"currency": "EURO"}, "currency", "is no currency: say its code as EUR, not 'EURO'"),
        ({"training": {"hours": -1}}, "training.hours", "must be 0 or more, not -1"),
        (
            {"training": {"hours": [8, 4]}},
            "training.hours",
            "a range goes from its low end to its high one, not [8, 4]",
        ),
        ({"training": {"hours": 1e300}}, "training.hours", "must be 1e+12 at most, not 1e+300"),
        (
            {"training": {"hours": 4, "bill": 3}},
            "training.hours",
            "bill stands in for it: give one of the two",
        ),
        ({"training": {"gpus": 0}}, "training.gpus", "must be 1 or more, not 0"),
        (
            {"data": {"generated": {"hours": 4}}},
            "data.generated.rate",
            "missing: say what an hour costs, or a bill",
        ),
        (
            {"data": {"generated": {"examples": 4, "rate": 3}}},
            "data.generated.an_hour",
            "missing: say hours, or examples and how many an_hour",
        ),
        (
            {"data": {"generated": {"hours": 2, "an_hour": 4, "rate": 3}}},
            "data.generated.hours",
            "stands in for examples and an_hour: give one of the two",
        ),
        (
            {"serving": {"new": {"gpu": "H100", "prompt_tokens": 3}}},
            "serving.new.prompt_tokens",
            "GPUs are paid by the hour: leave it out",
        ),
        (
            {"serving": {"new": {"hours": 3}}},
            "serving.new.gpu",
            "missing: say which gpu, or its price an hour",
        ),
        (
            {"upkeep": {"hours": 3}},
            "upkeep.rate",
            "missing: say hours and rate, or what it costs monthly",
        ),
        (
            {"upkeep": {"monthly": 3, "rate": 3}},
            "upkeep.rate",
            "monthly stands in for it: give one of the two",
        ),
    ],
)
def test_what_is_no_assumption_is_named(said: object, field: str, message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        validate(Ownership, said)
    assert (caught.value.field, caught.value.message) == (field, message)


def test_amounts_are_written_as_they_were_said() -> None:
    said = {"traffic": 1000.0, "training": {"hours": [4.0, 8.0], "price": 32.0}}
    written = validate(Ownership, said).as_json()
    assert written["traffic"] == 1000
    assert written["training"]["hours"] == [4, 8]
    assert validate(Ownership, json.loads(json.dumps(written))).as_json() == written


def test_a_file_of_assumptions_stands_in_part_by_part_and_arm_by_arm() -> None:
    study = validate(
        Ownership,
        {
            "traffic": 5,
            "upkeep": {"monthly": 1},
            "serving": {"old": {"monthly": 5}, "new": {"monthly": 6}},
        },
    )
    found = study.overlaid_with(
        validate(Ownership, {"traffic": 7, "serving": {"new": {"monthly": 8}}})
    )
    assert found.traffic == (7, 7)
    assert found.upkeep == study.upkeep
    assert found.serving["old"].monthly == (5, 5)
    assert found.serving["new"].monthly == (8, 8)
    assert study.overlaid_with(None) == study

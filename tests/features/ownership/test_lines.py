"""Where a cost sheet's figures come from: what is said, what is measured, a table, nobody."""

from typing import Any

import pytest

from evalhub.decision.ownership.figures import ArmUse, KnownCosts
from evalhub.decision.ownership.lines import cost_lines
from evalhub.decision.ownership.sheet import cost_sheet
from evalhub.declare.cost_sheet import CostLine, CostSheet, Ends
from evalhub.declare.declaration import validate
from evalhub.declare.ownership import Ownership
from evalhub.declare.prices import Hourly, Price, UsedPrice
from evalhub.declare.training import TrainingRecord

TIERED = validate(
    Price,
    {
        "prompt": 3.0,
        "completion": 15.0,
        "long_prompts": [{"above": 200_000, "prompt": 6.0, "completion": 22.5}],
    },
)


def gpu_price(name: str) -> Hourly | None:
    known = {"p4d": (32.0, 32.0, "USD"), "A100": (1.5, 3.5, "USD"), "L4": (1.0, 1.0, "EUR")}
    if name not in known:
        return None
    low, high, currency = known[name]
    return Hourly(low=low, high=high, currency=currency, source=f"a list of {name}")


def sheet(said: dict[str, Any], **found: Any) -> CostSheet:
    if "training" in found:
        found["training"] = validate(TrainingRecord, found["training"]).fields_with_names.fields
    known = KnownCosts(
        **{"baseline": ArmUse("old"), "candidate": ArmUse("new"), "currency": "USD"} | found
    )
    lines = cost_lines(validate(Ownership, said), known, gpu_price)
    return cost_sheet(
        lines, study="s", baseline="old", candidate="new", currency="USD", traffic=None
    )


def line(found: CostSheet, name: str) -> CostLine:
    (only,) = [each for each in found.lines if each.name == name]
    return only


def ends(found: CostSheet, name: str) -> tuple[float, float]:
    amount = line(found, name).amount
    assert amount is not None, line(found, name).missing
    return amount.low, amount.high


def origins(found: CostSheet, name: str) -> list[str]:
    return [each.origin for each in line(found, name).figures]


SEED = {
    "development": {"new": {"bill": 0}},
    "training": {"gpu": "p4d", "hours": [4, 8]},
    "data": {"generated": {"examples": 1000, "an_hour": 20, "rate": [20, 100]}},
    "evaluation": {"tokens": 0},
    "serving": {"old": {"monthly": 500}, "new": {"monthly": 300}},
    "upkeep": {"monthly": 0},
    "retraining": {"times_a_year": 0},
}


def test_the_seed_s_figures_by_what_a_study_says() -> None:
    found = sheet(SEED)
    assert ends(found, "training") == (128, 256)  # 32 · 4, 32 · 8
    assert ends(found, "data (generated)") == pytest.approx((1000, 5000))  # 50 h · 20, · 100
    assert found.net_monthly == Ends(low=200, value=200, high=200)
    assert found.break_even.low == pytest.approx(5.64)  # 1,128 / 200
    assert found.break_even.high == pytest.approx(26.28)  # 5,256 / 200
    assert origins(found, "training") == ["said", "table", "assumed"]


def test_initial_development_is_a_bill_or_person_days_and_is_paid_once() -> None:
    worked = sheet(SEED | {"development": {"new": {"person_days": [10, 15], "rate": 400}}})
    assert ends(worked, "initial development") == (4000, 6000)
    assert origins(worked, "initial development") == ["said", "said"]
    # 4,000 + 1,128 and 6,000 + 5,256 over 200 a month
    assert worked.upfront == Ends(low=5128, value=8192, high=11256)
    assert worked.break_even.low == pytest.approx(25.64)
    assert worked.break_even.high == pytest.approx(56.28)
    assert worked.net_monthly == sheet(SEED).net_monthly
    billed = sheet(SEED | {"development": {"new": {"bill": 90}}})
    assert ends(billed, "initial development") == (90, 90)


def test_no_retraining_repeats_the_development() -> None:
    twice = SEED | {"retraining": {"times_a_year": 2}}
    developed = twice | {"development": {"new": {"bill": 9000}}}
    assert ends(sheet(developed), "retraining") == ends(sheet(twice), "retraining")
    unknown = sheet({**twice, "development": {}})
    assert ends(unknown, "retraining") == ends(sheet(twice), "retraining")


def test_development_that_nobody_states_is_unknown_and_no_nought() -> None:
    """Not of the candidate, whatever is said of the baseline, which is paid for."""
    found = sheet({**SEED, "development": {"old": {"bill": 70}}})
    assert line(found, "initial development").amount is None
    assert line(found, "initial development").missing == (
        "say ownership.development.new, {bill: 0} if there was none"
    )
    assert found.break_even.sentence == "After 5.64 months or more. Missing: initial development."
    assert found.break_even.value is None
    prompted = sheet({}, trained=False)
    assert line(prompted, "initial development").missing, "a prompt is work too"


def test_a_bill_in_the_record_goes_before_its_hours() -> None:
    record = {
        "hours": 3,
        "hardware": {"gpu": "A100", "gpus": 4},
        "cost": {"amount": 77.5, "currency": "USD", "source": "the provider's bill"},
    }
    found = sheet({}, training=record)
    assert ends(found, "training") == (77.5, 77.5)
    assert "the provider's bill" in line(found, "training").figures[0].source
    # and what the study says before both
    assert ends(sheet({"training": {"bill": [50, 60]}}, training=record), "training") == (50, 60)


def test_hours_and_gpus_come_from_the_record_and_the_price_from_the_table() -> None:
    hardware = {"gpu": "A100", "gpus": 4}
    found = sheet({}, training={"hours": 3, "hardware": hardware})
    # 3 hours · 4 GPUs · 1.50 to 3.50
    assert ends(found, "training") == (18, 42)
    assert origins(found, "training") == ["measured", "table", "measured"]
    # 5,400 seconds are an hour and a half
    assert ends(sheet({}, training={"seconds": 5400, "hardware": hardware}), "training") == (9, 21)
    # whose price is said is one machine, unless it is said how many
    said = sheet({"training": {"price": 32}}, training={"hours": 4, "hardware": hardware})
    assert ends(said, "training") == (128, 128)
    assert origins(said, "training") == ["measured", "said", "assumed"]


@pytest.mark.parametrize(
    ("record", "said", "why"),
    [
        ({}, {}, "say ownership.training.hours (or its bill)"),
        ({"hours": 3}, {}, "say ownership.training.gpu, or its price an hour"),
        ({"hours": 3, "hardware": {"gpu": "Z9"}}, {}, "no price of Z9 is known"),
        (
            {"hours": 3, "hardware": {"gpu": "L4"}},
            {},
            "the price of L4 is in EUR and this sheet",
        ),
        (
            {"cost": {"amount": 5, "currency": "EUR"}},
            {},
            "amounts of two currencies are never",
        ),
        ({"cost": 5}, {}, "the training record's cost has no currency"),
        ({"cost": {"amount": 5, "currency": "BEADS"}}, {}, "say ownership.training.hours (or"),
        ({"cost": {"amount": -5, "currency": "USD"}}, {}, "say ownership.training.hours (or"),
        ({"hours": "three"}, {}, "say ownership.training.hours (or its bill)"),
        ({"hours": 1e300}, {}, "say ownership.training.hours (or its bill)"),
        ({"cost": {"amount": 1e300, "currency": "USD"}}, {}, "bill is above 1e+12"),
        ({"hours": -3}, {}, "say ownership.training.hours (or its bill)"),
    ],
)
def test_a_training_that_isn_t_known_says_what_would_make_it_known(
    record: dict[str, Any], said: dict[str, Any], why: str
) -> None:
    found = line(sheet(said, training=record), "training")
    assert found.amount is None
    assert why in found.missing


def test_nothing_was_trained_for_a_prompt() -> None:
    found = sheet({}, trained=False)
    assert ends(found, "training") == (0, 0)
    assert ends(found, "data") == (0, 0)


def test_work_on_data_is_hours_examples_or_a_bill() -> None:
    works = {
        "generated": {"bill": 40},
        "reviewed": {"hours": [10, 20], "rate": 30},
        "cleaned": {"examples": 100, "an_hour": [10, 20], "rate": 10},
    }
    found = sheet({"data": works})
    assert ends(found, "data (generated)") == (40, 40)
    assert ends(found, "data (reviewed)") == (300, 600)
    assert ends(found, "data (cleaned)") == pytest.approx((50, 100))
    assert ends(sheet({"data": {}}), "data") == (0, 0)
    assert line(sheet({}), "data").missing.startswith("say ownership.data")


def test_the_evaluation_is_what_the_study_used() -> None:
    found = sheet({}, tokens=12.5, review_hours=3.0)
    assert ends(found, "this study's answers") == (12.5, 12.5)
    people = line(found, "this study's reviewers")
    assert people.missing == "3 hours were spent; say ownership.evaluation.reviewer_rate"
    rated = sheet({"evaluation": {"reviewer_rate": [20, 40]}}, tokens=12.5, review_hours=3.0)
    assert ends(rated, "this study's reviewers") == (60, 120)
    assert origins(rated, "this study's reviewers") == ["measured", "said"]
    assert line(sheet({}, tokens_missing="why"), "this study's answers").missing == "why"


def test_hosting_runs_all_month_unless_it_is_said_how_long() -> None:
    found = sheet({"serving": {"new": {"gpu": "A100", "gpus": 2}}})
    # 730 hours · 2 · 1.50 to 3.50
    assert ends(found, "serving new") == (2190, 5110)
    assert origins(found, "serving new") == ["assumed", "table", "said"]
    office = sheet({"serving": {"new": {"price": 2, "hours": 200}}})
    assert ends(office, "serving new") == (400, 400)


def test_a_request_is_priced_by_itself_and_never_a_sum() -> None:
    old = ArmUse("old", price=UsedPrice(price=TIERED), prompt=900, completion=50)
    lengths = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}
    found = sheet({"traffic": 1, "serving": {"old": lengths}}, baseline=old)
    # 6 + 22.50 of one request above 200,000 tokens; five of 200,000 would cost 18
    assert ends(found, "serving old") == (28.5, 28.5)
    five = {"prompt_tokens": 200_000, "completion_tokens": 200_000}
    assert ends(sheet({"traffic": 5, "serving": {"old": five}}, baseline=old), "serving old") == (
        pytest.approx(18.0),
        pytest.approx(18.0),
    )


def test_an_expected_length_takes_the_other_half_from_the_arm_s_answers() -> None:
    old = ArmUse("old", price=UsedPrice(price=TIERED), prompt=900, completion=100)
    found = sheet(
        {"traffic": 1000, "serving": {"old": {"prompt_tokens": [100, 300]}}}, baseline=old
    )
    # 1,000 · (100 · 3 + 100 · 15) / 1e6 = 1.80, and with 300 sent 2.40
    assert ends(found, "serving old") == pytest.approx((1.8, 2.4))
    untold = ArmUse("old", price=UsedPrice(price=TIERED))
    found = sheet({"traffic": 1, "serving": {"old": {"prompt_tokens": 5}}}, baseline=untold)
    assert line(found, "serving old").missing.startswith("one of prompt_tokens and completion")
    unpriced = ArmUse("old", missing="no price of old is known")
    found = sheet({"traffic": 1, "serving": {"old": {"prompt_tokens": 5}}}, baseline=unpriced)
    assert line(found, "serving old").missing == "no price of old is known"


def test_what_is_saved_is_paired_where_both_are_measured() -> None:
    price = UsedPrice(price=TIERED)
    arms = {
        "baseline": ArmUse("old", Ends(low=0.008, value=0.01, high=0.012), price=price),
        "candidate": ArmUse("new", Ends(low=0.004, value=0.005, high=0.006), price=price),
        "saving": Ends(low=0.0045, value=0.005, high=0.0055),
    }
    kept = {"traffic": 1000, "upkeep": {"monthly": 1}, "retraining": {"times_a_year": 0}}
    found = sheet(kept, **arms)
    assert ends(found, "saved on requests") == pytest.approx((4.5, 5.5))
    assert found.net_monthly is not None
    assert found.net_monthly.low == pytest.approx(3.5)  # 4.50 less 1 of upkeep
    # a bill that is said of one of them is no paired difference
    hosted = sheet(kept | {"serving": {"new": {"monthly": 3}}}, **arms)
    assert [each.name for each in hosted.lines if each.part == "saving"] == []
    assert hosted.net_monthly is not None
    assert hosted.net_monthly.low == pytest.approx(8 - 3 - 1)


def test_retraining_costs_as_much_as_this_time_or_what_is_said() -> None:
    twice = SEED | {"retraining": {"times_a_year": 2}}
    assert ends(sheet(twice), "retraining") == pytest.approx((188, 876))  # 2 · 1,128 / 12 …
    said = SEED | {"retraining": {"times_a_year": 2, "cost": 60}}
    assert ends(sheet(said), "retraining") == (10, 10)
    unknown = {**twice, "evaluation": {}}
    assert "this study's answers is missing" in line(sheet(unknown), "retraining").missing
    sentence = sheet(unknown).break_even.sentence
    assert sentence == "Not known yet. Missing: this study's answers.", "retraining was stated"
    assert line(sheet({}), "retraining").missing.startswith("say ownership.retraining")


def test_upkeep_is_a_bill_or_hours() -> None:
    hours = sheet({"upkeep": {"hours": [2, 4], "rate": 50}})
    assert ends(hours, "upkeep") == (100, 200)
    assert line(sheet({}), "upkeep").missing.startswith("say ownership.upkeep")


def test_a_figure_says_whether_the_study_or_an_assumption_has_it() -> None:
    assumed = validate(
        Ownership,
        {
            "traffic": 7,
            "development": {"new": {"bill": 9}},
            "serving": {"new": {"monthly": 8}},
        },
    )
    lines = cost_lines(
        validate(Ownership, SEED).overlaid_with(assumed),
        KnownCosts(ArmUse("old"), ArmUse("new"), "USD"),
        gpu_price,
        assumed=assumed,
    )
    sources = {each.name: [one.source for one in each.figures] for each in lines}
    assert sources["initial development"] == ["assumed for this sheet"]
    assert sources["serving new"] == ["assumed for this sheet"]
    assert sources["serving old"] == ["the study's file"]
    assert sources["upkeep"] == ["the study's file"]

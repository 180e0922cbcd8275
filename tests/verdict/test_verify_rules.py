"""A record's rule, tiers, levels and ratios verify too, and so do records that have none."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.files.rows import JsonError
from evalhub.schemas.declaration import declared
from evalhub.schemas.policy import Policy
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.measuring import measure
from evalhub.verdict.policy import requirements_of
from evalhub.verdict.record import decision_record, judged
from evalhub.verdict.rule import decide
from evalhub.verdict.verify import criteria_of_record, verify
from tests.verdict.made_up import a_criterion
from tests.verdict.recorded import ARMS, HELD, SHIPPED, VALID, a_record, fields


def test_records_of_the_first_version_still_verify() -> None:
    """Written by it: a ship, a hold, two that need more data, one that is invalid; without tiers,
    ratios and a rule. They are no less exact for that."""
    text = (Path(__file__).parent / "records" / "first_version.json").read_text("utf-8")
    old = json.loads(text)
    assert [each["verdict"] for each in old] == [
        "ship",
        "hold",
        "need-more-data",
        "invalid",
        "need-more-data",
    ]
    for record in old:
        VALID.validate(record)
        assert verify(record).differences == []
        altered = deepcopy(record)
        altered["criteria"][0]["status"] = "fail"
        assert fields(altered)[0] == "criteria[0].status"


def test_a_tier_let_down_after_the_fact_is_found() -> None:
    record = deepcopy(HELD)
    record["criteria"][1]["tier"] = "advisory"
    assert "verdict" in fields(record)


def test_a_level_that_is_not_the_rules_is_found() -> None:
    two = [a_criterion(0.02, 0.06, p_value=0.001, name=name) for name in ("a", "b")]
    record = a_record(two, primaries="any-of")
    assert fields(record) == ["criteria[0].level", "criteria[1].level"]
    fair = [replace(each, level=0.975) for each in two]
    assert fields(a_record(fair, primaries="any-of")) == []
    ledger = [replace(two[0], level=0.98), two[1]]
    assert fields(a_record(ledger, alphas={"a": 0.01})) == []
    assert fields(a_record(ledger)) == ["criteria[0].level"]


def test_people_may_have_been_settled_at_a_stricter_level_and_at_no_laxer_one() -> None:
    people = a_criterion(0.02, 0.2, role="preference", p_value=0.001, gap=0.05)
    assert fields(a_record([replace(people, level=0.97)])) == []
    assert fields(a_record([replace(people, level=0.9)])) == ["criteria[0].level"]


def test_what_else_a_decision_rests_on_is_kept_as_it_is() -> None:
    ruling = decide("tuned", [a_criterion(0.02, 0.06, p_value=0.001)])
    told: dict[str, Any] = {
        "ledger": {"look": 3},
        "noise_floor": {"difference": 0.01},
        "leakage": {"leaked": 0},
        "baseline_choice": {"chosen": "few-shot"},
        "extension": {"stages": 2},
    }
    record = decision_record(ruling, alpha=0.025, policy={}, arms=ARMS, evidence=[], **told)
    VALID.validate(record)
    assert {name: record[name] for name in told} == told
    assert verify(record).verified
    assert {SHIPPED[name] for name in told} == {None}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"ratio": 1.3}, "criteria[1].ratio"),
        ({"ratio_upper": 1.0}, "criteria[1].ratio_upper"),
        ({"ratio_lower": 1.15}, "criteria[1].ratio_lower"),
        ({"gap": 30.0}, "criteria[1].gap"),
        ({"ratio": None}, "criteria[1].ratio_lower"),
        ({"max_ratio": 1.05}, "criteria[1].gap"),
    ],
)
def test_ratios_that_can_not_be_so_are_found(changed: dict[str, Any], field: str) -> None:
    budget = Requirement(
        "latency", "budget", "triage", "latency_ms", max_ratio=1.2, higher_is_better=False
    )
    base = np.arange(100.0, 200.0)
    cost = measure(budget, base, 1.1 * base, alpha=0.025, planned_gain=0.05)
    record = a_record([a_criterion(0.02, 0.06, p_value=0.001), cost])
    assert (record["verdict"], fields(record)) == ("ship", [])
    record["criteria"][1] |= changed
    assert field in fields(record)


def asked_and_decided() -> dict[str, Any]:
    """A ship by a policy with a primary, a guard and a budget."""
    policy = declared(
        Policy,
        {
            "schema": "evalhub.policy/1",
            "criteria": {
                "triage": {"role": "primary", "metric": "acc"},
                "sums": {"role": "guard", "metric": "acc", "margin": 0.05},
            },
            "budgets": {"latency": {"max_ratio": 1.2}},
        },
    )
    gain, guard, latency = requirements_of(policy)
    ones, won = np.ones(200), np.repeat([0.0, 1.0], [40, 160])
    base = np.arange(100.0, 300.0)
    measured = [
        measure(each, *rows, alpha=0.025, planned_gain=0.05)
        for each, rows in ((gain, (won, ones)), (guard, (ones, ones)), (latency, (base, base)))
    ]
    return decision_record(
        decide("tuned", measured), alpha=0.025, policy=policy.as_json(), arms=ARMS, evidence=[]
    )


def without(record: dict[str, Any], i: int) -> dict[str, Any]:
    """The same decision as if a criterion had never been measured, and all that follows."""
    kept = criteria_of_record(record)
    del kept[i]
    return record | judged(decide("tuned", kept))


def test_a_criterion_of_the_policy_that_was_left_out_is_found() -> None:
    record = asked_and_decided()
    assert (record["verdict"], fields(record)) == ("ship", [])
    for i, name in enumerate(("triage", "sums", "latency")):
        (difference,) = verify(without(record, i)).differences
        assert (difference.field, difference.expected) == ("criteria", name)


def test_a_criterion_that_is_not_the_policy_s_is_found() -> None:
    record = asked_and_decided()
    policy = record["policy"]
    policy["criteria"]["sums"] |= {"margin": 0.01, "tier": "advisory"}
    policy["budgets"]["latency"]["max_ratio"] = 1.1
    del policy["criteria"]["triage"]
    assert fields(record) == [
        "criteria[0].name",
        "criteria[1].margin",
        "criteria[1].tier",
        "criteria[2].max_ratio",
    ]


def test_a_laxer_level_than_the_policy_s_is_found_and_a_stricter_one_is_the_ledger_s() -> None:
    record = asked_and_decided()
    record["policy"]["alpha"] = 0.01
    assert fields(record) == ["alpha"]
    record["policy"]["alpha"] = 0.05
    assert fields(record) == []


def test_harm_shown_of_what_holds_is_found() -> None:
    record = asked_and_decided()
    record["criteria"][1]["p_harm"] = 0.001
    assert fields(record) == ["criteria[1].p_harm"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"role": "budget"}, "a budget has a max_ratio"),
        ({"tier": "advisory"}, "a primary is critical"),
    ],
)
def test_a_requirement_that_can_not_be_is_refused(changed: dict[str, Any], says: str) -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][0] |= changed
    with pytest.raises(JsonError, match=says):
        verify(record)

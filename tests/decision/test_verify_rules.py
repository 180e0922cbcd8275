"""A record's rule, tiers, levels, ratios and sections verify too."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from evalhub.decision.document import DecisionRecord
from evalhub.decision.levels import level_of
from evalhub.decision.measuring import measure
from evalhub.decision.policy import Policy
from evalhub.decision.record import decision_record, ruling_fields
from evalhub.decision.requirements import Requirement, requirements_of
from evalhub.decision.rule import decide
from evalhub.decision.sections.ledger import LedgerRow, LedgerSection
from evalhub.decision.verify import verify
from evalhub.declare.declaration import DeclarationError, validate
from tests.decision.made_up import a_criterion
from tests.decision.recorded import ARMS, HELD, SHIPPED, a_record, fields


def test_a_tier_let_down_after_the_fact_is_found() -> None:
    record = deepcopy(HELD)
    record["criteria"][1]["tier"] = "advisory"
    assert "verdict" in fields(record)


def test_a_level_that_is_not_the_rules_is_found() -> None:
    two = [a_criterion(0.02, 0.06, p_value=0.001, name=name) for name in ("a", "b")]
    record = a_record(two, primaries="any-of")
    assert fields(record) == ["criteria[0].alpha", "criteria[1].alpha"]
    fair = [each.model_copy(update={"alpha": 0.0125}) for each in two]
    assert fields(a_record(fair, primaries="any-of")) == []
    ledger = [two[0].model_copy(update={"alpha": 0.01}), two[1]]
    assert fields(a_record(ledger, alphas={"a": 0.01})) == []
    assert fields(a_record(ledger)) == ["criteria[0].alpha"]


def test_people_may_have_been_settled_at_a_stricter_level_and_at_no_laxer_one() -> None:
    people = a_criterion(0.02, 0.2, role="preference", p_value=0.001, gap=0.05)
    for name in ("alpha", "harm_alpha"):
        assert fields(a_record([people.model_copy(update={name: 0.015})])) == []
        laxer = people.model_copy(update={name: 0.05})
        assert fields(a_record([laxer])) == [f"criteria[0].{name}"]


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
    policy = validate(
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
    record = decision_record(
        decide("tuned", measured, registered=False),
        alpha=0.025,
        policy=policy.as_json(),
        arms=ARMS,
        evidence=[],
    )
    return record.as_json()


def without(record: dict[str, Any], i: int) -> dict[str, Any]:
    """The same decision as if a criterion had never been measured, and all that follows."""
    read = validate(DecisionRecord, record)
    kept = [each for place, each in enumerate(read.criteria) if place != i]
    return read.model_copy(update=ruling_fields(decide("tuned", kept, registered=False))).as_json()


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
    assert fields(record) == ["rule.alpha"]
    record["rule"]["alpha"] = 0.01
    assert fields(record) == ["alpha"]
    record["policy"]["alpha"] = record["rule"]["alpha"] = 0.05
    assert fields(record) == []


def test_harm_shown_of_what_holds_is_found() -> None:
    record = asked_and_decided()
    record["criteria"][1]["p_harm"] = 0.001
    assert fields(record) == ["criteria[1].p_harm", "criteria[1].p_harm_adjusted"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"role": "budget"}, "criteria[0].min_gain"),
        ({"tier": "advisory"}, "criteria[0].tier"),
        ({"min_gain": None}, "criteria[0].min_gain"),
        ({"margin": 0.02}, "criteria[0].margin"),
        ({"relative_margin": 0.02}, "criteria[0].relative_margin"),
    ],
)
def test_a_demand_that_can_not_be_is_refused(changed: dict[str, Any], field: str) -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][0] |= changed
    with pytest.raises(DeclarationError) as raised:
        verify(record)
    assert raised.value.field == field


@pytest.mark.parametrize(("name", "value"), [("bound", -0.1), ("factor", 0.9)])
def test_a_bound_that_is_not_what_was_asked_is_found(name: str, value: float) -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][0][name] = value
    assert f"criteria[0].{name}" in fields(record)


def test_what_a_section_says_follows_from_its_numbers() -> None:
    level = level_of(3, alpha=0.025)
    row = LedgerRow(test_set="triage", number=3, looks=(3,), level=level, counted=True, spent=False)
    ledger = LedgerSection(
        home="a" * 32,
        counts="primaries",
        alpha=0.025,
        level=level,
        test_sets=(row,),
        spent=False,
    )
    ruling = decide("tuned", [a_criterion(0.02, 0.06, p_value=0.001, alpha=level)])
    policy = {"alpha": 0.025}
    record = decision_record(
        ruling, alpha=level, policy=policy, arms=ARMS, evidence=[], sections=[ledger]
    ).as_json()
    assert record["ledger"]["sentences"][0].startswith("Look 3 at triage")
    assert fields(record) == []
    (row_as_json,) = record["ledger"]["test_sets"]
    row_as_json |= {"number": 1, "looks": [1]}
    assert fields(record) == ["ledger.test_sets[0].level", "ledger.sentences[0]"]
    row_as_json["level"] = level_of(1, alpha=0.025)
    assert fields(record) == ["rule.alphas.triage", "ledger.sentences[0]"]

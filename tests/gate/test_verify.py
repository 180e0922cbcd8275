"""A record verifies as it was written, and no more once a number that matters was changed."""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from evalhub.gate.criteria import Criterion, Requirement
from evalhub.gate.measuring import measure, same_run
from evalhub.gate.people import Judgments, preference_criterion
from evalhub.gate.policy import Policy
from evalhub.gate.record import decision_record
from evalhub.gate.verdict import Primaries, alphas_of, decide
from evalhub.gate.verify import verify
from evalhub.registry.files import JsonError
from evalhub.registry.hashing import digest_of
from tests.gate.made_up import a_criterion, a_guard

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json"
VALID = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
ARMS = {
    "baseline": {"name": "base", "digest": "0" * 64},
    "candidate": {"name": "tuned", "digest": "1" * 64},
}


def a_record(
    criteria: Sequence[Criterion],
    *,
    invalid: Sequence[str] = (),
    pending: Sequence[str] = (),
    alpha: float = 0.025,
    primaries: Primaries = "all-of",
    harm_alpha: float = 0.05,
    alphas: dict[str, float] | None = None,
) -> dict[str, Any]:
    """A record as a reader finds it: written as JSON and read again, valid by the schema."""
    judgement = decide(
        "tuned",
        criteria,
        invalid=invalid,
        pending=pending,
        primaries=primaries,
        harm_alpha=harm_alpha,
    )
    policy = Policy(primaries=primaries, harm_alpha=harm_alpha).as_json()
    record = decision_record(
        judgement, alpha=alpha, policy=policy, arms=ARMS, evidence=[], alphas=alphas
    )
    read: dict[str, Any] = json.loads(json.dumps(record, allow_nan=False))
    VALID.validate(read)
    return read


def fields(record: dict[str, Any], **options: Any) -> list[str]:
    return [each.field for each in verify(record, **options).differences]


SHIPPED = a_record([a_criterion(0.02, 0.06, p_value=0.001), a_guard(-0.01, 0.01)])
HELD = a_record(
    [a_criterion(0.02, 0.06, p_value=0.001), a_guard(-0.09, -0.04, p_harm=0.001, p_value=0.001)]
)
OPEN = a_record([a_criterion(-0.01, 0.05), a_guard(-0.03, 0.02)])
SPOILT = a_record([a_criterion(-0.01, 0.05)], invalid=["tuned answered 3 of 1,000 items"])
WAITING = a_record(
    [a_criterion(0.02, 0.06, p_value=0.001)], pending=["Reviewers have given 3 of 40 judgments"]
)
EMPTY = a_record([])
RECORDS = [SHIPPED, HELD, OPEN, SPOILT, WAITING, EMPTY]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record["verdict"]))
def test_a_record_of_any_verdict_verifies(record: dict[str, Any]) -> None:
    found = verify(record)
    assert found.differences == []
    assert (found.verified, found.verdict) == (True, record["verdict"])
    assert found.digest == digest_of(record)


def test_the_records_here_have_all_four_verdicts() -> None:
    verdicts = {record["verdict"] for record in RECORDS}
    assert verdicts == {"ship", "hold", "need-more-data", "invalid"}


# A ratio's interval takes a dozen comparisons, which a busy machine may need a while for.
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def asked(draw: st.DrawFn) -> Requirement:
    """Any requirement that is measured on scores."""
    role = draw(st.sampled_from(["primary", "guard", "budget"]))
    tiers = ["critical"] if role == "primary" else ["critical", "supporting", "advisory"]
    relative = role == "guard" and draw(st.booleans())
    return Requirement(
        draw(st.sampled_from(["triage", "sums", "latency"])),
        role,
        "triage",
        "score",
        margin=draw(st.sampled_from([0.0, 0.02, 0.3, 40.0])),
        min_gain=draw(st.sampled_from([-0.1, 0.0, 0.05, 20.0])),
        higher_is_better=role != "budget" and draw(st.booleans()),
        tier=draw(st.sampled_from(tiers)),
        relative_margin=draw(st.sampled_from([0.05, 0.3])) if relative else None,
        max_ratio=draw(st.sampled_from([0.8, 1.1, 2.0])) if role == "budget" else None,
    )


def measured(draw: st.DrawFn, requirement: Requirement, alpha: float) -> Criterion:
    """A criterion measured on scores that are drawn: few or many, binary or not, clustered."""
    n = draw(st.integers(1, 40))
    binary = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (n,) if draw(st.booleans()) else (n, draw(st.integers(1, 3)))
    rate = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    base, tuned = (
        (rng.random(shape) < p).astype(float) if binary else p + 300 * rng.random(shape)
        for p in (0.4, rate)
    )
    if draw(st.integers(0, 5)) == 0:
        return same_run(requirement, base, alpha=alpha)
    clusters = [f"c{i // 3}" for i in range(n)] if draw(st.booleans()) else None
    weights = rng.uniform(0.5, 2, n) if draw(st.booleans()) else None
    gain = draw(st.sampled_from([0.0, 0.05]))
    return measure(
        requirement,
        base,
        tuned,
        clusters=clusters,
        weights=weights,
        alpha=alpha,
        planned_gain=gain,
    )


@st.composite
def preferred(draw: st.DrawFn, alpha: float) -> Criterion:
    """People's preference, of up to three reviewers an item."""
    choices = draw(
        st.lists(
            st.sampled_from(["candidate", "baseline", "tie", "both-bad"]), min_size=2, max_size=30
        )
    )
    raters = draw(st.integers(1, 3))
    return preference_criterion(
        Judgments(
            choices,
            [f"q{i // raters}" for i in range(len(choices))],
            [f"rater {i % raters}" for i in range(len(choices))],
            planned=len(choices),
        ),
        test_set="triage",
        min_gain=draw(st.sampled_from([-0.1, 0.0])),
        alpha=alpha,
        planned_gain=0.05,
    )


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    alpha = draw(st.sampled_from([0.025, 0.05, 0.025 / 3]))
    rule: Primaries = draw(st.sampled_from(["all-of", "any-of"]))
    alphas = draw(st.sampled_from([None, {"sums": 0.01}]))
    requirements = draw(st.lists(asked(), min_size=1, max_size=4))
    levels = alphas_of(requirements, alpha=alpha, primaries=rule, alphas=alphas)
    criteria = [
        measured(draw, each, level) for each, level in zip(requirements, levels, strict=True)
    ]
    criteria += draw(st.lists(preferred(alpha), max_size=1))
    told = st.lists(st.sampled_from(["no answer to 3 items", "waiting"]), max_size=1)
    return a_record(
        criteria,
        invalid=draw(told),
        pending=draw(told),
        alpha=alpha,
        primaries=rule,
        harm_alpha=draw(st.sampled_from([0.05, 0.2])),
        alphas=alphas,
    )


@slowly
@given(records())
def test_what_was_measured_verifies(record: dict[str, Any]) -> None:
    assert verify(record).differences == []


@slowly
@given(records(), st.data())
def test_another_status_is_found(record: dict[str, Any], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(record["criteria"]) - 1))
    was = record["criteria"][i]["status"]
    others = {"pass", "fail", "undecided"} - {was}
    record["criteria"][i]["status"] = data.draw(st.sampled_from(sorted(others)))
    (difference,) = verify(record).differences
    assert (difference.field, difference.expected) == (f"criteria[{i}].status", was)


@slowly
@given(records(), st.data())
def test_another_verdict_is_found(record: dict[str, Any], data: st.DataObject) -> None:
    was = record["verdict"]
    others = {"ship", "hold", "need-more-data", "invalid"} - {was}
    record["verdict"] = data.draw(st.sampled_from(sorted(others)))
    found = verify(record)
    (difference,) = found.differences
    assert (difference.field, difference.expected, found.verdict) == ("verdict", was, was)


@slowly
@given(records(), st.data())
def test_a_lower_bound_moved_over_what_is_asked_is_found(
    record: dict[str, Any], data: st.DataObject
) -> None:
    i = data.draw(st.integers(0, len(record["criteria"]) - 1))
    row = record["criteria"][i]
    assume(not row["method"].startswith("the same run"))
    assume(row["relative_margin"] is None and row["role"] != "budget")
    bound = -row["margin"] if row["role"] == "guard" else row["min_gain"]
    step = data.draw(st.floats(0.001, 1000))
    row["lower"] = bound - step if row["lower"] > bound else bound + step
    assert f"criteria[{i}].status" in fields(record) or f"criteria[{i}].lower" in fields(record)


@slowly
@given(records())
def test_every_text_and_number_that_follows_is_found(record: dict[str, Any]) -> None:
    for name, wrong in [("headline", "All is well."), ("needed_n", 7_777_777), ("reasons", [])]:
        altered = record | {name: wrong}
        assert fields(altered) == [name]
    altered = deepcopy(record)
    altered["criteria"][0] |= {"needed_n": 7_777_777, "sentence": "All is well."}
    assert fields(altered) == ["criteria[0].needed_n", "criteria[0].sentence"]


@slowly
@given(records(), st.data())
def test_a_ratio_moved_over_what_is_asked_is_found(
    record: dict[str, Any], data: st.DataObject
) -> None:
    judged = [
        (i, row)
        for i, row in enumerate(record["criteria"])
        if row["ratio"] is not None and not row["method"].startswith("the same run")
    ]
    assume(judged)
    i, row = data.draw(st.sampled_from(judged))
    rising = row["higher_is_better"]
    share = row["relative_margin"] or 0.0
    factor = row["max_ratio"] or (1 - share if rising else 1 + share)
    end = "ratio_lower" if rising else "ratio_upper"
    was = row[end] is not None and (row[end] > factor if rising else row[end] < factor)
    row[end] = factor * (0.999 if was == rising else 1.001)
    found = fields(record)
    assert f"criteria[{i}].status" in found or f"criteria[{i}].{end}" in found


@slowly
@given(records())
def test_another_rule_than_the_policys_is_found(record: dict[str, Any]) -> None:
    other = {"all-of": "any-of", "any-of": "all-of"}[record["rule"]["primaries"]]
    record["rule"]["primaries"] = other
    assert "rule.primaries" in fields(record)


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
    judgement = decide("tuned", [a_criterion(0.02, 0.06, p_value=0.001)])
    told = {
        "ledger": {"look": 3},
        "noise_floor": {"difference": 0.01},
        "leakage": {"leaked": 0},
        "baseline_choice": {"chosen": "few-shot"},
        "extension": {"stages": 2},
    }
    record = decision_record(judgement, alpha=0.025, policy={}, arms=ARMS, evidence=[], **told)
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


def test_an_excuse_taken_out_or_put_in_is_found() -> None:
    assert "verdict" in fields(SPOILT | {"invalid": []})
    assert "verdict" in fields(SHIPPED | {"invalid": ["the wrong items"]})
    assert "verdict" in fields(WAITING | {"pending": []})
    assert "verdict" in fields(SHIPPED | {"pending": ["Reviewers haven't been asked"]})


def test_a_criterion_left_out_is_found() -> None:
    assert "verdict" in fields(HELD | {"criteria": HELD["criteria"][:1]})


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"lower": 0.05}, "criteria[0].lower", None),
        ({"upper": 0.03}, "criteria[0].upper", None),
        ({"difference": 0.05}, "criteria[0].difference", 0.04),
        ({"higher_is_better": False}, "criteria[0].difference", -0.04),
        ({"level": 0.9}, "criteria[0].level", 0.95),
        ({"wins": 120}, "criteria[0].n", 1020),
        ({"n": 900}, "criteria[0].n", 1000),
        ({"clusters": 1001}, "criteria[0].clusters", None),
        ({"p_value": 0.3}, "criteria[0].p_value", None),
    ],
)
def test_numbers_that_can_not_stand_together_are_found(
    changed: dict[str, Any], field: str, expected: float | None
) -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][0] |= changed
    found = {each.field: each.expected for each in verify(record).differences}
    assert found[field] == (expected if expected is None else pytest.approx(expected))


def test_a_guards_gap_is_its_margin() -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][1]["gap"] = 0.5
    assert fields(record) == ["criteria[1].gap"]


def test_a_margin_widened_after_the_fact_is_found() -> None:
    record = deepcopy(HELD)
    record["criteria"][1] |= {"margin": 0.1, "gap": 0.1}
    assert {"verdict", "criteria[1].status"} <= set(fields(record))


def test_what_does_not_follow_but_was_changed_with_all_that_does_needs_the_digest() -> None:
    altered = deepcopy(SHIPPED)
    altered["criteria"][0]["p_value"] = 0.0001
    assert fields(altered) == []
    assert fields(altered, digest=digest_of(SHIPPED)) == ["digest"]
    assert fields(SHIPPED, digest=digest_of(SHIPPED).upper()) == []


def test_other_arms_are_verified_too_and_do_not_count_in_the_digest() -> None:
    printed = SHIPPED | {"others": [HELD, OPEN | {"verdict": "ship"}]}
    found = verify(printed, digest=digest_of(SHIPPED))
    assert [(each.field, each.expected) for each in found.differences] == [
        ("others[1].verdict", "need-more-data")
    ]
    assert found.others[0].digest == digest_of(HELD)
    assert found.as_json()["others"][0] == {
        "candidate": "tuned",
        "verdict": "hold",
        "digest": digest_of(HELD),
    }


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"schema": "evalhub.decision/2"}, "schema"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": 0.3}, "alpha"),
        ({"alpha": True}, "alpha"),
        ({"arms": {"candidate": {}}}, "arms.candidate.name"),
        ({"criteria": {}}, "criteria"),
        ({"criteria": [None]}, "criteria[0]"),
        ({"invalid": [3]}, "invalid"),
        ({"others": [{}]}, "others[0].schema"),
        ({"others": 1}, "others"),
    ],
)
def test_what_is_no_record_is_refused_by_the_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(JsonError) as raised:
        verify(SHIPPED | changed)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "guardian"),
        ("n", 0),
        ("n", 1.5),
        ("wins", -1),
        ("clusters", 0),
        ("p_value", 1.01),
        ("p_harm", -0.1),
        ("level", 2),
        ("lower", "0.02"),
        ("difference", 10**400),
        ("sd", -1),
        ("design_effect", 0),
        ("min_gain", None),
        ("higher_is_better", 1),
        ("method", None),
    ],
)
def test_a_criterion_with_an_impossible_value_is_refused(name: str, value: Any) -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][0][name] = value
    with pytest.raises(JsonError) as raised:
        verify(record)
    assert raised.value.field == f"criteria[0].{name}"


NOT_A_PRIMARYS = {"margin", "relative_margin", "max_ratio", "ratio", "ratio_lower", "ratio_upper"}


@pytest.mark.parametrize("name", sorted(set(SHIPPED["criteria"][0]) - NOT_A_PRIMARYS))
def test_a_criterion_without_one_of_its_fields_is_no_verified_record(name: str) -> None:
    record = deepcopy(SHIPPED)
    del record["criteria"][0][name]
    try:
        found = fields(record)
    except JsonError as error:
        found = [error.field]
    assert found == [f"criteria[0].{name}"]


@pytest.mark.parametrize("value", [None, [], 3, "ship", {}, [SHIPPED]])
def test_other_json_is_no_record(value: Any) -> None:
    with pytest.raises(JsonError):
        verify(value)


def test_numbers_beyond_computing_are_refused() -> None:
    record = deepcopy(OPEN)
    record["criteria"][1] |= {"margin": 1e-300, "gap": 1e-300}
    with pytest.raises(JsonError, match="can't be judged"):
        verify(record)

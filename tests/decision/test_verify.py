"""A record verifies as it was written, and no more once a number that matters was changed."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalhub.decision.verify import verify
from evalhub.declare.declaration import DeclarationError
from evalhub.io.canonical import digest_of
from tests.decision.recorded import (
    EMPTY,
    HELD,
    OPEN,
    SHIPPED,
    SPOILT,
    WAITING,
    a_record,
    fields,
    records,
    slowly,
)

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


@slowly
@given(records())
def test_what_was_measured_verifies(record: dict[str, Any]) -> None:
    assert verify(record).differences == []


@slowly
@given(records(), st.data())
def test_another_status_is_found(record: dict[str, Any], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(record["criteria"]) - 1))
    was = record["criteria"][i]["status"]
    others = {"pass", "fail", "open"} - {was}
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


@pytest.mark.heavy
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
    for name, wrong in [
        ("headline", "All is well."),
        ("needed_n", 7_777_777),
        ("reasons", ["All is well."] * 50),
    ]:
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


def test_an_excuse_taken_out_or_put_in_is_found() -> None:
    assert "headline" in fields(SPOILT | {"invalid": []})
    assert "verdict" in fields(SHIPPED | {"invalid": ["the wrong items"]})
    assert "verdict" in fields(WAITING | {"pending": []})
    assert "verdict" in fields(SHIPPED | {"pending": ["Reviewers haven't been asked"]})


def test_a_record_in_which_a_review_alone_was_waited_for_verifies() -> None:
    unmeasured = a_record([], pending=["Reviewers have given 3 of 40 judgments"])
    assert unmeasured["verdict"] == "invalid"
    assert fields(unmeasured) == []


def test_a_criterion_left_out_is_found() -> None:
    assert "verdict" in fields(HELD | {"criteria": HELD["criteria"][:1]})


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"lower": 0.05}, "criteria[0].lower", None),
        ({"upper": 0.03}, "criteria[0].upper", None),
        ({"difference": 0.05}, "criteria[0].difference", 0.04),
        ({"higher_is_better": False}, "criteria[0].difference", -0.04),
        ({"alpha": 0.05}, "criteria[0].alpha", 0.025),
        ({"harm_alpha": 0.05}, "criteria[0].harm_alpha", 0.025),
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
    record["criteria"][1] |= {"margin": 0.1, "bound": -0.1, "gap": 0.1}
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
        "content": found.others[0].content,
    }


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"schema": "evalhub.decision/1"}, "schema"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": 0.3}, "alpha"),
        ({"alpha": True}, "alpha"),
        ({"arms": SHIPPED["arms"] | {"candidate": {}}}, "arms.candidate.name"),
        ({"criteria": {}}, "criteria"),
        ({"criteria": [None]}, "criteria[0]"),
        ({"invalid": [3]}, "invalid[0]"),
        ({"others": [{}]}, "others[0].schema"),
        ({"others": 1}, "others"),
    ],
)
def test_what_is_no_record_is_refused_by_the_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(DeclarationError) as raised:
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
        ("alpha", 0.5),
        ("harm_alpha", 0),
        ("lower", "0.02"),
        ("difference", 10**400),
        ("sd", -1),
        ("design_effect", 0),
        ("higher_is_better", 1),
        ("method", None),
    ],
)
def test_a_criterion_with_an_impossible_value_is_refused(name: str, value: Any) -> None:
    record = deepcopy(SHIPPED)
    record["criteria"][0][name] = value
    with pytest.raises(DeclarationError) as raised:
        verify(record)
    assert raised.value.field == f"criteria[0].{name}"


@pytest.mark.parametrize("name", sorted(SHIPPED["criteria"][0]))
def test_a_criterion_without_one_of_its_fields_is_no_verified_record(name: str) -> None:
    record = deepcopy(SHIPPED)
    del record["criteria"][0][name]
    try:
        found = fields(record)
    except DeclarationError as error:
        found = [error.field]
    assert found == [f"criteria[0].{name}"]


def test_a_record_without_a_section_that_came_later_is_verified() -> None:
    record = deepcopy(SHIPPED)
    del record["imported"]
    assert fields(record) == []


@pytest.mark.parametrize("value", [None, [], 3, "ship", {}, [SHIPPED]])
def test_other_json_is_no_record(value: Any) -> None:
    with pytest.raises(DeclarationError):
        verify(value)


def test_a_margin_near_to_nothing_is_settled_by_no_number_of_items() -> None:
    record = deepcopy(OPEN)
    record["criteria"][1] |= {
        "margin": 1e-300, "bound": -1e-300, "gap": 1e-300, "candidate": 0.5, "difference": 0.0,
    }  # fmt: skip
    due = {each.field: each.expected for each in verify(record).differences}
    assert due["criteria[1].needed_why"].startswith("no number of items can settle this")

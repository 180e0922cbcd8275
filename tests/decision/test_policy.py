"""A policy document: what it may say, how it is refused, and that it is written as it is read."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from evalhub.decision.criteria.budget import Budget
from evalhub.decision.criteria.preference import PreferenceRule
from evalhub.decision.policy import Policy, StudySettings, policy_of_study, read_policy
from evalhub.decision.requirements import Requirement, budget_requirements, requirements_of
from evalhub.declare.declaration import validate
from evalhub.declare.policy import PolicyCriterion
from evalhub.declare.study import StudyReview
from evalhub.io.rows import DataError

DOCS = Path(__file__).resolve().parents[2] / "docs"

POLICY = """\
schema: evalhub.policy/1
criteria:
  triage:
    role: primary
    metric: exact_match
    min_gain: 0.02
    planned_gain: 0.05
  arithmetic:
    role: guard
    metric: exact_match
    margin: 0.03
  rare:
    role: guard
    relative_margin: 0.1
    tier: supporting
preference:
  min_agreement: 0.2
  min_reviewers: 3
budgets:
  latency: {max_ratio: 1.2}
"""


def read(folder: Path, text: str, name: str = "policy.yaml") -> Policy:
    path = folder / name
    path.write_text(text)
    return read_policy(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, text)
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_policy_is_read_with_its_defaults(tmp_path: Path) -> None:
    policy = read(tmp_path, POLICY)
    triage, arithmetic, rare, _ = requirements_of(policy)
    assert (triage.role, triage.test_set, triage.metric) == ("primary", "triage", "exact_match")
    assert (triage.min_gain, triage.planned_gain, triage.tier) == (0.02, 0.05, "critical")
    assert (arithmetic.margin, arithmetic.relative_margin) == (0.03, None)
    assert (rare.relative_margin, rare.tier, rare.metric) == (0.1, "supporting", "score")
    assert policy.preference == PreferenceRule(min_agreement=0.2, min_reviewers=3)
    assert policy.budgets == {"latency": Budget(max_ratio=1.2)}
    assert (policy.alpha, policy.harm_alpha, policy.primaries) == (0.025, 0.025, "all-of")
    assert (policy.ledger, policy.noise_floor, policy.leakage) == ("primaries", False, "judge")


def test_a_budget_is_measured_on_the_first_primary(tmp_path: Path) -> None:
    budget = budget_requirements(read(tmp_path, POLICY))
    assert [(each.test_set, each.metric, each.max_ratio) for each in budget] == [
        ("triage", "latency_ms", 1.2)
    ]
    assert not budget[0].higher_is_better


def test_what_is_written_is_read_as_the_same_policy(tmp_path: Path) -> None:
    mixed = POLICY.replace(
        "    metric: exact_match\n    min_gain", "    mix: {a: 0.3, b: 0.7}\n    min_gain"
    )
    for text in (
        POLICY,
        mixed,
        POLICY.replace("preference:\n  min_agreement: 0.2\n  min_reviewers: 3\n", ""),
    ):
        policy = read(tmp_path, text)
        document = policy.as_json()
        assert read(tmp_path, json.dumps(document), "policy.json") == policy
        assert read(tmp_path, json.dumps(document, indent="\t"), "tabs.json") == policy
        assert read(tmp_path, yaml.safe_dump(document, sort_keys=False)) == policy
        assert read(tmp_path, yaml.safe_dump(document, sort_keys=False)).as_json() == document


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "evalhub.policy/1",
            "evalhub.policy/2",
            "policy.yaml, line 1, field 'schema': \"evalhub.policy/2\" isn't one of "
            "evalhub.policy/1",
        ),
        (
            "margin: 0.03",
            "margin: -0.03",
            "line 11, field 'criteria.arithmetic.margin': must be 0 or more, not -0.03",
        ),
        (
            "relative_margin: 0.1",
            "relative_margin: -0.1",
            "line 14, field 'criteria.rare.relative_margin': must be above 0, not -0.1",
        ),
        (
            "relative_margin: 0.1",
            "margin: 0.1\n    relative_margin: 0.1",
            "line 15, field 'criteria.rare.relative_margin': stands in for margin",
        ),
        (
            "    relative_margin: 0.1\n",
            "",
            "line 12, field 'criteria.rare': a guard needs a margin, or a relative_margin",
        ),
        (
            "tier: supporting",
            "tier: important",
            "line 15, field 'criteria.rare.tier': \"important\" isn't one of critical, supporting, "
            "advisory",
        ),
        (
            "min_gain: 0.02",
            "margin: 0.02",
            "line 6, field 'criteria.triage.margin': is for guards",
        ),
        (
            "margin: 0.03",
            "min_gain: 0.03",
            "line 11, field 'criteria.arithmetic.min_gain': is for primaries",
        ),
        (
            "planned_gain: 0.05",
            "planned_gain: 0",
            "line 7, field 'criteria.triage.planned_gain': must be above 0, not 0",
        ),
        (
            "  arithmetic:\n",
            "  triage:\n",
            "line 8, field 'criteria.triage': is given twice, first on line 3",
        ),
        (
            "  rare:\n    role: guard\n",
            "  rare:\n    role: guard\n    test_set: arithmetic\n    metric: exact_match\n",
            "line 12, field 'criteria.rare': is criterion 'arithmetic' again: exact_match on",
        ),
        (
            "max_ratio: 1.2",
            "max_ratio: -1",
            "line 20, field 'budgets.latency.max_ratio': must be above 0, not -1",
        ),
        (
            "latency: {max_ratio: 1.2}",
            "memory: {max_ratio: 1.2}",
            "line 20, field 'budgets.memory': isn't known here (known: latency, latency_p95, cost, "
            "ownership)",
        ),
        (
            "  rare:",
            "  latency:",
            "line 12, field 'criteria.latency': is the name of a budget",
        ),
        (
            "min_reviewers: 3",
            "min_reviewers: 0",
            "line 18, field 'preference.min_reviewers': must be 1 or more, not 0",
        ),
        (
            "margin: 0.03",
            "margin: 0.03\n    mix: {a: 0.3, b: 0.3}",
            "line 12, field 'criteria.arithmetic.mix': the shares add up to 0.6, and must to 1",
        ),
        (
            "margin: 0.03",
            "margin: .nan",
            "line 11, field 'criteria.arithmetic.margin': .nan isn't a number to compare with",
        ),
        (
            "role: primary",
            "role: main",
            "line 4, field 'criteria.triage.role': \"main\" isn't one of primary, guard",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line_its_field_and_what_would_be_right(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in POLICY
    assert says in refusal(tmp_path, POLICY.replace(old, new, 1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"min_gain: 0.02": "margin: 0.02", "max_ratio: 1.2": "max_ratio: -1"},
            "line 6, field 'criteria.triage.margin': is for guards",
        ),
        (
            {"margin: 0.03": "margin: -0.03", "tier: supporting": "min_gain: 1"},
            "line 11, field 'criteria.arithmetic.margin': must be 0 or more, not -0.03",
        ),
        (
            {"tier: supporting": "min_gain: 1", "min_reviewers: 3": "reviewers: 3"},
            "line 15, field 'criteria.rare.min_gain': is for primaries",
        ),
        (
            {"planned_gain: 0.05": "planed_gain: 0.05", "margin: 0.03": "margin: -0.03"},
            "line 7, field 'criteria.triage.planed_gain': isn't known here",
        ),
        (
            {"  rare:": "  latency:", "min_reviewers: 3": "min_reviewers: 0"},
            "line 12, field 'criteria.latency': is the name of a budget",
        ),
        (
            {"min_reviewers: 3": "reviewers: 3", "latency:": "memory:"},
            "line 18, field 'preference.reviewers': isn't known here",
        ),
    ],
)
def test_of_two_flaws_the_one_on_the_earlier_line_is_said(
    tmp_path: Path, changes: dict[str, str], says: str
) -> None:
    """Whether the schema refuses it or what it means does."""
    text = POLICY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    assert says in refusal(tmp_path, text)


def test_a_file_that_is_no_mapping_is_told_how_one_starts(tmp_path: Path) -> None:
    for text in ("", "- a\n", "just words\n"):
        assert "a policy is a mapping that starts with schema: evalhub.policy/1" in refusal(
            tmp_path, text
        )


def test_a_budget_without_a_primary_needs_its_test_set(tmp_path: Path) -> None:
    text = """\
schema: evalhub.policy/1
criteria:
  sums: {role: guard, margin: 0.02}
budgets:
  cost: {max_ratio: 1.1}
"""
    assert "line 5, field 'budgets.cost': say its test_set" in refusal(tmp_path, text)
    there = read(tmp_path, text.replace("1.1}", "1.1, test_set: sums}"))
    assert [each.test_set for each in budget_requirements(there)] == ["sums"]


def test_a_study_s_policy_is_put_together_from_its_parts() -> None:
    asked = {"triage": PolicyCriterion(role="primary", metric="exact_match")}
    settings = validate(
        StudySettings, {"alpha": 0.05, "planned_gain": 0.1, "min_agreement": 0.3, "ledger": "off"}
    )
    review = validate(StudyReview, {"test_set": "triage", "items": 5, "min_gain": -0.1})
    policy = policy_of_study(settings, review, asked)
    assert policy == validate(
        Policy,
        {
            "schema": "evalhub.policy/1",
            "criteria": {"triage": {"role": "primary", "metric": "exact_match"}},
            "alpha": 0.05,
            "planned_gain": 0.1,
            "ledger": "off",
            "preference": {"min_gain": -0.1, "min_agreement": 0.3},
        },
    )
    assert policy_of_study(settings, None, asked).preference is None


@pytest.mark.parametrize(
    ("role", "fields", "says"),
    [
        ("guard", {"margin": -0.1}, "greater than or equal to 0"),
        ("guard", {"margin": float("nan")}, "a finite number"),
        ("guard", {"relative_margin": 0.0}, "greater than 0"),
        ("guard", {"relative_margin": 1.0}, "less than 1"),
        ("primary", {"min_gain": float("inf")}, "a finite number"),
        ("primary", {"planned_gain": -1.0}, "greater than 0"),
        ("primary", {"tier": "advisory"}, "a primary is critical"),
        ("budget", {}, "a budget has a max_ratio"),
        ("budget", {"max_ratio": 0.0}, "greater than 0"),
        ("guard", {"max_ratio": 1.1}, "a budget has a max_ratio, and nothing else has"),
    ],
)
def test_a_requirement_of_the_wrong_sign_is_refused(
    role: Any, fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        Requirement("sums", role, "sums", "score", **fields)
